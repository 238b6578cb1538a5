"""Old entries of the audit log leave for files; what is left, and each file, still shows every change."""

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from billflow.errors import CommandFailed
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.records import Paging
from billflow.store.audit import archive
from billflow.store.audit.archive import AuditArchive
from billflow.store.audit.queries import PostgresAuditQueries
from tests.store.conftest import Company
from tests.store.test_retention import DAY, pruned

YEARS = 3651


def grow_old(url: str, org_id: str, positions: int, days: int = YEARS) -> None:
    """Let the first entries of the chain be that old, as if they had been written then: with hashes that hold."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        mine = {"org": org_id, "last": positions, "days": days}
        connection.execute(
            "UPDATE audit_log SET created_at = now() - make_interval(days => %(days)s) WHERE id IN"
            " (SELECT audit_id FROM audit_chain WHERE org_id = %(org)s AND position <= %(last)s)",
            mine,
        )
        entries = connection.execute(
            "SELECT audit_id FROM audit_chain WHERE org_id = %(org)s ORDER BY position", mine
        ).fetchall()
        connection.execute("DELETE FROM audit_chain WHERE org_id = %(org)s", mine)
        for entry in entries:
            connection.execute("SELECT billflow_chain_entry(%s)", entry)


async def old_company(company: Company, url: str, entries: int = 5, old: int = 3) -> Company:
    """Let an organization, which has one entry, have that many more, the first of them all ten years old."""
    for _ in range(entries):
        await company.customer()
    grow_old(url, company.org_id, old)
    assert (await PostgresAuditQueries(company.database).verify(company.org_id)).faults == ()
    return company


def files(folder: Path) -> list[Path]:
    """Return the files of the archive, the oldest entries first."""
    return sorted(folder.iterdir())


async def actions(company: Company) -> list[str]:
    found = await PostgresAuditQueries(company.database).list(company.org_id, AuditFilter(), Paging())
    return [entry.action for entry in found.rows]


async def test_the_log_goes_on_from_the_archives_last_hash(company: Company, store_url: str, tmp_path: Path) -> None:
    await old_company(company, store_url)
    queries = PostgresAuditQueries(company.database)
    head = (await queries.verify(company.org_id)).head

    deleted = await pruned(company, tmp_path)

    (file,) = files(tmp_path)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    left = await queries.verify(company.org_id)
    assert (deleted["audit_entries"], deleted["audit_entries_not_archived"]) == (3, 0)
    assert [line["position"] for line in lines] == [1, 2, 3]
    assert [json.loads(line["content"])["action"] for line in lines] == ["catalog.applied", *["customer.created"] * 2]
    assert file.stat().st_mode & 0o077 == 0
    assert await actions(company) == ["audit.archived", *["customer.created"] * 3]
    assert (left.entries, left.faults) == (4, ())
    assert left.head != head
    assert (await AuditArchive(company.database).verify(company.org_id, file)).faults == ()
    assert (await pruned(company, tmp_path))["audit_entries"] == 0


async def test_many_entries_make_several_files_that_follow_from_each_other(
    company: Company, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await old_company(company, store_url, entries=6, old=5)
    monkeypatch.setattr(archive, "ENTRIES_PER_FILE", 2)

    assert (await pruned(company, tmp_path))["audit_entries"] == 5

    verdicts = [await AuditArchive(company.database).verify(company.org_id, file) for file in files(tmp_path)]
    assert [(verdict.entries, verdict.faults) for verdict in verdicts] == [(2, ()), (2, ()), (1, ())]
    assert (await PostgresAuditQueries(company.database).verify(company.org_id)).faults == ()


async def test_without_a_folder_nothing_leaves_and_that_is_said(company: Company, store_url: str) -> None:
    await old_company(company, store_url)

    deleted = await pruned(company)

    assert (deleted["audit_entries"], deleted["audit_entries_not_archived"]) == (0, 3)
    assert (await PostgresAuditQueries(company.database).verify(company.org_id)).entries == 6


async def test_the_newest_entry_stays_so_that_the_chain_goes_on(
    company: Company, store_url: str, tmp_path: Path
) -> None:
    await old_company(company, store_url, entries=2, old=3)

    await pruned(company, tmp_path)
    await company.customer()

    verdict = await PostgresAuditQueries(company.database).verify(company.org_id)
    assert (verdict.entries, verdict.faults) == (3, ())


async def test_what_was_tampered_with_is_not_moved_out_of_sight(
    company: Company, store_url: str, tmp_path: Path
) -> None:
    await old_company(company, store_url)
    with psycopg.connect(store_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE audit_log SET actor = 'nobody' WHERE org_id = %s", [company.org_id])

    deleted = await pruned(company, tmp_path)

    assert (deleted["audit_entries"], deleted["audit_entries_not_archived"]) == (0, 3)
    assert files(tmp_path) == []
    with pytest.raises(CommandFailed, match="nothing was archived"):
        await AuditArchive(company.database).archive(company.org_id, datetime.now(UTC) - 400 * DAY, tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [("customer.created", "customer.deleted"), ('"position": 2', '"position": 3'), ("tester", "nobody")],
)
async def test_a_changed_file_shows(company: Company, store_url: str, tmp_path: Path, old: str, new: str) -> None:
    await old_company(company, store_url)
    await pruned(company, tmp_path)
    (file,) = files(tmp_path)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))

    assert (await AuditArchive(company.database).verify(company.org_id, file)).faults


async def test_a_file_that_lacks_its_last_lines_or_is_none_shows(
    company: Company, store_url: str, tmp_path: Path
) -> None:
    await old_company(company, store_url)
    await pruned(company, tmp_path)
    (file,) = files(tmp_path)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    (faulty,) = (await AuditArchive(company.database).verify(company.org_id, file)).faults
    file.write_text("{}")

    assert faulty.problem == "the file is not the one that was written"
    with pytest.raises(CommandFailed, match="is no archive"):
        await AuditArchive(company.database).verify(company.org_id, file)


async def test_whoever_removes_by_the_function_what_has_no_file_is_on_record(company: Company, store_url: str) -> None:
    await old_company(company, store_url)
    with psycopg.connect(store_url) as connection:
        connection.execute("SELECT set_config('role', 'billflow_app', true)")
        connection.execute("SELECT set_config('billflow.org_id', %s, true)", [company.org_id])
        connection.execute("SELECT billflow_archive_audit(3, sha256('no such file'))")

    assert (await actions(company))[0] == "audit.archived"


async def test_the_function_removes_nothing_that_is_younger_than_a_year(company: Company, store_url: str) -> None:
    await old_company(company, store_url)
    grow_old(store_url, company.org_id, 4, 364)
    with psycopg.connect(store_url) as connection:
        connection.execute("SELECT set_config('role', 'billflow_app', true)")
        connection.execute("SELECT set_config('billflow.org_id', %s, true)", [company.org_id])
        with pytest.raises(psycopg.errors.RestrictViolation, match="younger than 365 days is kept"):
            connection.execute("SELECT billflow_archive_audit(4, sha256('x'))")

"""What grows, and what ends it: each table is listed in docs/capacity.md, and pruning does what is said there."""

import re
from pathlib import Path

from billflow.dev.postgres import RUNS, as_login
from billflow.models.tables.base import Base
from billflow.settings import Settings
from billflow.store.audit.retention import Retention
from billflow.store.audit.roots import AuditRoots
from billflow.store.session.database import Database
from tests.databases import migrated_database
from tests.source import ROOT
from tests.store import old_rows, test_archive
from tests.store.conftest import new_company
from tests.store.test_growth import DUE, Shop, billed
from tests.store.test_retention import DAY, PERIODS

ROW = re.compile(r"^\| (?P<tables>`[a-z_]+`(?:, `[a-z_]+`)*) \| (?P<each>[^|]+) \| (?P<end>[^|]+) \|$", re.MULTILINE)
ENDS = ("a book, stays", "stays", "leaves after ", "leaves with its end, ", "goes ")
YEARS = 12


def listed() -> list[tuple[str, str]]:
    """Return each table of the page, and what is said of its end."""
    page = (ROOT / "docs" / "capacity.md").read_text().split("## What grows, and what ends it")[1].split("\n## ")[0]
    return [(name, row["end"]) for row in ROW.finditer(page) for name in re.findall(r"[a-z_]+", row["tables"])]


def test_each_table_is_listed_once_with_what_ends_its_growth() -> None:
    assert sorted(name for name, _ in listed()) == sorted(Base.metadata.tables)
    assert [end for _, end in listed() if not end.startswith(ENDS)] == []


def test_each_period_of_the_settings_ends_something() -> None:
    named = {name.lower() for _, end in listed() for name in re.findall(r"BILLFLOW_(KEEP_\w+)", end)}
    assert named == {name for name in Settings.model_fields if name.startswith("keep_")}


async def test_pruning_takes_what_leaves_by_its_age_and_nothing_else(postgres_url: str, tmp_path: Path) -> None:
    url = await migrated_database(postgres_url, "pruning")
    database = Database(as_login(url, RUNS))
    shop = Shop(url, await new_company(database))
    for _ in range(3):
        await shop.company.customer()
    plan, org_id = shop.lived(3), shop.company.org_id
    old_rows.write_rows(url, org_id)
    old_rows.grow_old(url, YEARS)
    test_archive.grow_old(url, org_id, positions=10, days=YEARS * 365)
    due = DUE.replace(year=DUE.year - YEARS)
    before, known = old_rows.digests(url), await shop.company.queries.plans.facts(plan, due)

    periods = PERIODS.model_copy(update={"former_states": 365 * DAY})
    await Retention(database, periods, tmp_path, AuditRoots(database, None)).prune(org_id)

    after = old_rows.digests(url)
    leaves = {name for name, end in listed() if end.startswith("leaves")}
    noted = {"org", "audit_archive"}
    assert {name for name in after if after[name] != before[name]} == leaves | noted
    assert await shop.company.queries.plans.facts(plan, due) == known
    assert (await billed(shop.company, plan, due))["step"]["uq_license_ledger_plan_id_seq"] > 0
    await database.close()

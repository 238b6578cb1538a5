"""The audit log is signed day by day: what was signed can't be rewritten, by whoever has all the rights there are."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from billflow.domain.errors import Refused
from billflow.domain.merkle import root_of
from billflow.models.contracts.endpoints import EventFilter
from billflow.models.contracts.records import Paging
from billflow.models.keyring import Key
from billflow.models.signatures import SigningKeys, is_signed, public_key_of
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.audit.retention import Retention
from billflow.store.audit.roots import AuditRoots, links_between
from billflow.store.webhooks.outbox import PostgresOutboxRepository
from tests.store.conftest import Company
from tests.store.test_retention import PERIODS

KEY = Key.fresh("first")
DAY = timedelta(days=1)
TODAY = datetime.now(UTC)


def roots_of(company: Company, *keys: Key) -> AuditRoots:
    return AuditRoots(company.database, SigningKeys(keys or (KEY,)))


async def spread(company: Company, url: str, *days: int) -> None:
    """Let the organization have a link of the chain for each number: recorded at noon, so many days ago."""
    for _ in days[1:]:
        await company.customer()
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        for position, age in enumerate(days, 1):
            moment = TODAY.replace(hour=12) - age * DAY
            for table, key in (("audit_chain", "audit_id"), ("audit_log", "id")):
                connection.execute(
                    f"UPDATE {table} SET created_at = %s WHERE {key} = "  # noqa: S608  (names of ours)
                    "(SELECT audit_id FROM audit_chain WHERE org_id = %s AND position = %s)",
                    [moment, company.org_id, position],
                )


async def test_each_day_that_is_over_has_one_root_over_its_links_in_order(company: Company, store_url: str) -> None:
    await spread(company, store_url, 3, 3, 1, -1)

    signed = await roots_of(company).sign(company.org_id)

    ages = [(root.first_position, root.last_position, TODAY.date() - root.day) for root in signed]
    assert ages == [(1, 2, 3 * DAY), (3, 3, DAY)]
    async with company.database.unit_of_work(company.org_id) as session:
        links = await links_between(session, 1, None)
    assert [root.root for root in signed] == [root_of(links[:2]).hex(), root_of(links[2:3]).hex()]
    assert all(is_signed(root.statement(), root.signature, public_key_of(KEY)) for root in signed)
    assert await roots_of(company).all(company.org_id) == signed
    assert await roots_of(company).sign(company.org_id) == []


async def test_today_is_signed_on_request_and_goes_on_from_there(company: Company) -> None:
    roots = roots_of(company)
    await company.customer()
    first = await roots.sign(company.org_id, datetime.now(UTC))
    await company.customer()

    second = await roots.sign(company.org_id, datetime.now(UTC))

    assert (first[0].first_position, first[-1].last_position) == (1, 2)
    assert [(root.first_position, root.last_position) for root in second] == [(3, 3)]


async def test_a_link_that_was_committed_late_is_in_a_root_of_its_own(company: Company, store_url: str) -> None:
    await spread(company, store_url, 2, 1)
    await roots_of(company).sign(company.org_id)
    await spread(company, store_url, 2, 1, 2)

    (late,) = await roots_of(company).sign(company.org_id)

    assert (late.first_position, late.last_position, TODAY.date() - late.day) == (3, 3, 2 * DAY)
    assert await roots_of(company).faults(company.org_id) == []


async def test_a_root_is_published_as_an_event(company: Company, store_url: str) -> None:
    await spread(company, store_url, 1)
    (root,) = await roots_of(company).sign(company.org_id)

    page = await PostgresOutboxRepository(company.database).list(
        company.org_id, EventFilter(type="audit.root_signed"), Paging()
    )

    assert [event.data["root"] for event in page.rows] == [root.root]
    assert page.rows[0].data["signature"] == root.signature


async def test_the_nightly_deletion_signs_first(company: Company, store_url: str) -> None:
    await spread(company, store_url, 2, 1, -1)

    done = await Retention(company.database, PERIODS, None, roots_of(company)).prune(company.org_id)

    assert done["audit_roots_signed"] == 2


async def test_without_a_key_nothing_is_signed_and_whoever_asks_is_told_so(company: Company) -> None:
    keyless = AuditRoots(company.database, None)

    assert await keyless.sign(company.org_id, datetime.now(UTC)) == []
    with pytest.raises(Refused, match="billflow keys create-signing"):
        await keyless.sign_by_request(company.org_id)


async def test_a_log_that_is_rewritten_with_all_its_hashes_differs_from_what_was_signed(
    company: Company, store_url: str
) -> None:
    await spread(company, store_url, 1, 1)
    roots = roots_of(company)
    published = await roots.sign(company.org_id)
    assert await roots.faults(company.org_id, published) == []
    with psycopg.connect(store_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("UPDATE audit_log SET actor = 'nobody' WHERE org_id = %s", [company.org_id])
        query = "SELECT audit_id FROM audit_chain WHERE org_id = %s ORDER BY position"
        entries = connection.execute(query, [company.org_id]).fetchall()
        connection.execute("DELETE FROM audit_chain WHERE org_id = %s", [company.org_id])
        for entry in entries:
            connection.execute("SELECT billflow_chain_entry(%s)", entry)

    assert (await PostgresAuditQueries(company.database).verify(company.org_id)).faults == ()
    (fault,) = await roots.faults(company.org_id, published)
    assert fault.problem == f"the log has not the root that was signed, of {published[0].day}"
    assert len(await roots.faults(company.org_id)) == 1


async def test_a_root_that_was_changed_is_not_signed(company: Company, store_url: str) -> None:
    await spread(company, store_url, 1)
    roots = roots_of(company)
    (root,) = await roots.sign(company.org_id)

    for change in ({"day": date(2020, 1, 1)}, {"last_position": 2}, {"key_id": "second"}, {"signature": ""}):
        (fault,) = await roots.faults(company.org_id, [root.model_copy(update=change)])
        assert "not signed by its key" in fault.problem
    (fault,) = await roots.faults(company.org_id, [root.model_copy(update={"org_id": "another"})])
    assert "another organization" in fault.problem


async def test_what_an_older_key_signed_holds_when_a_new_one_is_first(company: Company, store_url: str) -> None:
    await spread(company, store_url, 2)
    (old,) = await roots_of(company).sign(company.org_id)
    await spread(company, store_url, 2, 1)

    (new,) = await roots_of(company, Key.fresh("second"), KEY).sign(company.org_id)

    assert (old.key_id, new.key_id) == ("first", "second")
    assert await roots_of(company, Key.fresh("second"), KEY).faults(company.org_id) == []

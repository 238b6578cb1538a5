"""What a step writes by one statement are the rows that SQLAlchemy's session writes one by one."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from billflow.domain.commands import DowngradeAtEndOfCycle, EndNow, SetLicenses, SwitchToAnnual
from billflow.domain.plan import PlanStatus
from billflow.errors import InternalError
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import AuditLog, Base, CustomerPlan, LedgerAllocation
from billflow.store.audit.recorder import Recorder
from billflow.store.plans import outcome, step
from billflow.store.session.database import Database
from billflow.store.session.new_rows import NEW_ROWS, add_new, write_new_rows
from billflow.store.session.rows import as_id
from tests.databases import NOBODYS
from tests.store.conftest import BEGIN, EMPTIES_BY_ITSELF, Company, new_company

DAY = timedelta(days=1)
NOT_COMPARED = {EMPTIES_BY_ITSELF, NOBODYS, "audit_chain", "catalog_version", "customer_search_term"}
CHOSEN = re.compile(
    r'(?<="\$personal": ")[^"]+|(?<="(created_at|updated_at)": ")[^"]+|(?<="secret": ")[^"]+|org-[0-9a-f]{8}|'
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b([0-9a-f]{32}){1,2}\b|\b[0-9a-f]{8}(?=@)"
)
"""Ids, digests and hashes of them, sealed texts, and moments of real time."""

BY_HAND = '"catalog.applied"'
"""What an entry has that is as of real time."""


async def one_by_one(session: AsyncSession) -> None:
    """Let the session write what changed, and then each new row, after those that it refers to."""
    new, added = session.info.pop(NEW_ROWS, []), list(session.sync_session.new)
    for row in added:
        session.expunge(row)
    await session.flush()
    order = {table.name: n for n, table in enumerate(Base.metadata.sorted_tables)}
    for row in sorted((*new, *added), key=lambda row: order[row.__tablename__]):
        session.add(row)
        await session.flush()


async def lived(company: Company) -> None:
    """Let a customer buy, add licenses, be billed, switch, be refused, and end its plan."""
    customer = await company.customer()
    await company.seats(customer, BEGIN - DAY, 12)
    plan = await company.bought(customer)
    await company.seats(customer, BEGIN + 3 * DAY, 14)
    plan = (await company.close(plan)).state
    refused = await company.command(plan, SetLicenses(licenses=20), BEGIN + 32 * DAY)
    assert refused.refused
    switched = await company.command(plan, SwitchToAnnual(), BEGIN + 33 * DAY)
    assert switched.invoices == () or switched.successor
    plan = (await company.close(switched.state)).successor or switched.state
    assert plan.status.is_live
    plan = (await company.command(plan, DowngradeAtEndOfCycle(), BEGIN + 70 * DAY)).state
    plan = (await company.command(plan, EndNow(), BEGIN + 80 * DAY)).state
    assert plan.status is PlanStatus.ENDED


def rows_of(url: str, org_id: str) -> Mapping[str, list[str]]:
    """Return the rows of an organization by table, without what is chosen anew each time, in an order of their own."""
    tables = Base.metadata.tables.keys() - NOT_COMPARED
    found = {}
    with psycopg.connect(url) as connection:
        for name in sorted(tables):
            query = sql.SQL(
                "SELECT (to_jsonb(t) - '{{sequence,since,until}}'::text[])::text FROM {} AS t WHERE {} = %s"
            ).format(sql.Identifier(name), sql.Identifier("id" if name == "org" else "org_id"))
            found[name] = sorted(
                CHOSEN.sub("*", row) for (row,) in connection.execute(query, [org_id]) if BY_HAND not in row
            )
    return {name: rows for name, rows in found.items() if rows}


def recorded_order(url: str, org_id: str) -> list[str]:
    """Return what an organization's audit log and outbox say happened, each in its order."""
    with psycopg.connect(url) as connection:
        entries = connection.execute("SELECT action FROM audit_log WHERE org_id = %s ORDER BY sequence", [org_id])
        events = connection.execute("SELECT type FROM outbox_event WHERE org_id = %s ORDER BY sequence", [org_id])
        return [name for (name,) in (*entries.fetchall(), *events.fetchall())]


async def test_rows_written_at_once_are_those_written_one_by_one(
    database: Database, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, by_turns = await new_company(database), await new_company(database)
    await lived(at_once)
    for module in (step, outcome):
        monkeypatch.setattr(module, "write_new_rows", one_by_one)
    await lived(by_turns)

    written = rows_of(store_url, at_once.org_id)
    assert written == rows_of(store_url, by_turns.org_id)
    assert recorded_order(store_url, at_once.org_id) == recorded_order(store_url, by_turns.org_id)
    assert {"step", "invoice_line", "ledger_allocation", "audit_log", "outbox_event", "row_version"} <= written.keys()


async def test_what_is_written_is_read_as_it_was(company: Company) -> None:
    detail = {"text": 'a "b" \\ %s %(x)s \n\t ü 😀 \'--', "many": 2**62, "none": None, "list": [{"a": []}, 1, True]}
    at = datetime.fromisoformat("2026-03-29T02:30:00.000001+02:00")
    async with company.database.unit_of_work(company.org_id) as session:
        recorder = Recorder(session, as_id(company.org_id, "organization"), at, "x' OR 1=1")
        recorder.audit("catalog.applied", ("dry_run", 1), detail=detail)
        recorder.audit("catalog.applied", ("dry_run", 2))
        await write_new_rows(session)
        assert not session.new
        assert not session.dirty
    async with company.database.unit_of_work(company.org_id) as session:
        of_runs = select(AuditLog).where(AuditLog.subject_type == "dry_run").order_by(AuditLog.sequence)
        first, second = (await session.scalars(of_runs)).all()
        assert (first.detail, first.at, first.actor, first.subject_id) == (detail, at, "x' OR 1=1", "1")
        assert (second.detail, second.before, second.subject_id) == (None, None, "2")


async def test_a_transaction_with_new_rows_that_nobody_wrote_fails(company: Company) -> None:
    plan = await company.bought(await company.customer())

    async def add_only() -> None:
        async with company.database.unit_of_work(company.org_id) as session:
            row = await session.get_one(CustomerPlan, as_id(plan.plan_id, "plan"))
            row.version += 1
            add_new(session, LedgerAllocation(org_id=row.org_id))

    with pytest.raises(InternalError, match=r"1 new records were not written, the first of ledger_allocation"):
        await add_only()
    assert (await company.repositories.plans.get(plan.ref)).version == plan.version


async def test_nothing_is_sent_where_nothing_was_added(company: Company) -> None:
    async with company.database.unit_of_work(company.org_id) as session:
        await write_new_rows(session)


async def test_a_moment_without_a_zone_is_not_written(company: Company) -> None:
    async with company.database.unit_of_work(company.org_id) as session:
        naive = BEGIN.replace(tzinfo=None)
        Recorder(session, as_id(company.org_id, "organization"), naive).audit("catalog.applied", ("dry_run", 1))
        with pytest.raises(InternalError, match="has no time zone"):
            await write_new_rows(session)


async def test_a_plan_that_is_gone_is_no_plan_that_changed(company: Company) -> None:
    plan: PlanRef = (await company.bought(await company.customer())).ref
    async with company.database.unit_of_work(company.org_id) as session:
        row = await session.get_one(CustomerPlan, as_id(plan.plan_id, "plan"))
        row.version += 1
        set_committed_value(row, "id", uuid4())
        with pytest.raises(InternalError, match="1 records were to change, and 0 did"):
            await write_new_rows(session)

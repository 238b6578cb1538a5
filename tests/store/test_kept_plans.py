"""What is found by keys is prepared and planned once, by an index, and the same changes are one statement."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.dev.postgres import RUNS, as_login
from billflow.models.contracts.invoices import InvoiceRef
from billflow.models.tables import Org
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.locks import lock_invoice
from billflow.store.session.database import Database, plan_anew
from billflow.store.session.new_rows import write_new_rows
from billflow.store.session.rows import as_id
from tests.store.conftest import BEGIN, Company

PREPARED = text("SELECT statement FROM pg_prepared_statements")
FOUND_BY_KEY = text("EXPLAIN SELECT FROM seller_version WHERE id = '00000000-0000-0000-0000-000000000000'")


@pytest.fixture
async def single(store_url: str) -> AsyncIterator[Database]:
    """Yield a way to the database with one connection, which is new."""
    database = Database(as_login(store_url, RUNS), pool_size=1, pool_timeout=5)
    yield database
    await database.close()


async def mode(session: AsyncSession, name: str = "plan_cache_mode") -> str:
    """Return a setting of a transaction."""
    return str(await session.scalar(select(func.current_setting(name))))


async def prepared(session: AsyncSession, part: str) -> Sequence[str]:
    """Return the statements with that part that are prepared on a transaction's connection."""
    return [found for found in (await session.scalars(PREPARED)).all() if part in found]


async def test_a_plan_that_is_kept_goes_by_an_index_though_the_table_is_small(
    company: Company, single: Database
) -> None:
    async with single.unit_of_work(company.org_id, by_keys=True) as session:
        assert await mode(session, "enable_seqscan") == "off"
        assert "pk_seller_version" in "".join((await session.scalars(FOUND_BY_KEY)).all())
        await plan_anew(session)
        assert (await mode(session, "enable_seqscan"), await mode(session)) == ("on", "force_custom_plan")
    async with single.unit_of_work(company.org_id) as session:
        assert (await mode(session, "enable_seqscan"), await mode(session)) == ("on", "force_custom_plan")


async def test_who_sends_a_statement_that_finds_by_keys_does_not_matter_for_preparing_it(
    company: Company, single: Database
) -> None:
    for by_keys, name in ((False, Org.slug), (True, Org.livemode)):
        async with single.unit_of_work(company.org_id, by_keys=by_keys) as session:
            await session.execute(select(name, Org.id).where(Org.id == UUID(company.org_id)))
            assert bool(await prepared(session, f"SELECT org.{name.key}, org.id")) is by_keys
    async with single.unit_of_work(company.org_id, by_keys=True) as session:
        await plan_anew(session)
        await session.execute(select(Org.created_at, Org.id).where(Org.id == UUID(company.org_id)))
        assert not await prepared(session, "SELECT org.created_at, org.id")


@pytest.mark.parametrize(("by_keys", "afterwards"), [(True, "force_generic_plan"), (False, "auto")])
async def test_what_triggers_and_foreign_keys_ask_by_keys_is_planned_once(
    company: Company, single: Database, by_keys: bool, afterwards: str
) -> None:
    async with single.unit_of_work(company.org_id, by_keys=by_keys) as session:
        recorder = Recorder(session, as_id(company.org_id, "organization"), BEGIN)
        recorder.audit("catalog.applied", ("dry_run", 1))
        await write_new_rows(session)
        assert await mode(session) == afterwards


async def test_the_same_changes_are_one_statement_and_go_by_keys(company: Company, single: Database) -> None:
    started = await company.start(company.ask(await company.customer()))
    invoice = InvoiceRef(org_id=company.org_id, invoice_id=started.invoices[0].invoice_id)
    sent = list[str]()
    event.listen(single.engine.sync_engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    for n in range(20):
        async with single.unit_of_work(company.org_id, by_keys=True) as session:
            locked = await lock_invoice(session, invoice)
            locked.invoice.attempts, locked.plan.version = n + 1, locked.plan.version + 1
            await write_new_rows(session)
    written = [statement for statement in sent if "UPDATE customer_plan" in statement]
    assert len(written) == 20
    assert len(set(written)) == 1
    assert "recordset" not in written[0], "PostgreSQL expects one row of it, and no hundred"

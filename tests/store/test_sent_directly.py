"""What psycopg sends by itself answers, fails and ends as what SQLAlchemy executes."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, nullcontext
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import (
    Column,
    Executable,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    event,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from billflow.dev.postgres import RUNS, as_login
from billflow.errors import InternalError
from billflow.models.contracts.invoices import UNPAID, InvoiceRef
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow
from billflow.ports.database import NoDatabase
from billflow.store.invoices.collection import invoice_to_send
from billflow.store.plans.step_facts import step_facts
from billflow.store.session.database import Database
from billflow.store.session.sent_directly import fetch, one_of
from tests.store.conftest import BEGIN, Company

PREPARED = "SELECT statement FROM pg_prepared_statements"
_ID = bindparam("of_customer", type_=Uuid())
CUSTOMER = select(CustomerRow.id, CustomerRow.status, CustomerRow.settings, CustomerRow.created_at).where(
    CustomerRow.id == _ID
)


@pytest.fixture
async def single(store_url: str) -> AsyncIterator[Database]:
    """Yield a way to the database with one connection."""
    database = Database(as_login(store_url, RUNS), pool_size=1, pool_timeout=5)
    yield database
    await database.close()


@contextmanager
def listened_to(database: Database) -> Iterator[list[str]]:
    """Listen for the statements of a pool, as tracing does."""
    statements = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def fetched(database: Database, org_id: str, statement: Executable, **values: Any) -> Sequence[tuple[Any, ...]]:
    """Return what a statement finds in a transaction of its own."""
    async with database.unit_of_work(org_id, by_keys=True) as session:
        return await fetch(session, statement, values)


async def test_rows_are_the_same_either_way(company: Company, single: Database) -> None:
    customer = UUID((await company.customer()).customer_id)
    directly = await fetched(single, company.org_id, CUSTOMER, of_customer=customer)
    with listened_to(single) as statements:
        by_sqlalchemy = await fetched(single, company.org_id, CUSTOMER, of_customer=customer)

    assert directly == by_sqlalchemy
    assert [type(value) for value in directly[0]] == [type(value) for value in by_sqlalchemy[0]]
    assert len(statements) == 2, "the beginning is noted too"


async def test_an_invoice_and_a_step_read_the_same_either_way(company: Company, single: Database) -> None:
    started = await company.start(company.ask(await company.customer()))
    invoice = InvoiceRef(org_id=company.org_id, invoice_id=started.invoices[0].invoice_id, attempt=1)

    async def read() -> tuple[object, object]:
        async with single.unit_of_work(company.org_id, by_keys=True) as session:
            sent = await invoice_to_send(session, invoice)
            plan = await session.get_one(CustomerPlan, UUID(started.state.plan_id))
            return sent, await step_facts(session, plan, BEGIN)

    first = await read()
    with listened_to(single):
        assert await read() == first
    assert await read() == first


async def test_one_of_has_each_value_as_a_parameter_and_a_list_is_refused(company: Company, single: Database) -> None:
    await company.start(company.ask(await company.customer()))
    unpaid = select(InvoiceRow.status).where(one_of(InvoiceRow.status, UNPAID))
    assert len(await fetched(single, company.org_id, unpaid)) == 1
    with pytest.raises(InternalError, match="one_of"):
        await fetched(single, company.org_id, select(InvoiceRow.id).where(InvoiceRow.status.in_(UNPAID)))


async def test_a_value_that_python_makes_for_a_column_is_not_forgotten(company: Company, single: Database) -> None:
    table = Table("customer", MetaData(), Column("id", Uuid(), default=uuid4), Column("name", Text()))
    with pytest.raises(InternalError, match="give all values"):
        await fetched(single, company.org_id, insert(table).values(name="Acme").returning(table.c.id))


async def test_a_value_that_is_missing_is_no_null(company: Company, single: Database) -> None:
    with pytest.raises(KeyError, match="of_customer"):
        await fetched(single, company.org_id, CUSTOMER)


async def test_errors_are_those_of_sqlalchemy_without_parameters(company: Company, single: Database) -> None:
    customer = UUID((await company.customer()).customer_id)
    again = insert(CustomerRow).values(id=_ID, org_id=bindparam("org"), name=literal("n"), email=literal("secret@e.de"))
    with pytest.raises(IntegrityError) as caught:
        await fetched(single, company.org_id, again, of_customer=customer, org=UUID(company.org_id))
    assert "secret@e.de" not in str(caught.value.params)
    assert await fetched(single, company.org_id, CUSTOMER, of_customer=customer), "the connection came back"


async def test_who_is_canceled_leaves_no_trace_and_gives_the_connection_back(
    company: Company, single: Database
) -> None:
    customer, began = UUID((await company.customer()).customer_id), asyncio.Event()

    async def rename() -> None:
        async with single.unit_of_work(company.org_id) as session:
            (await session.get_one(CustomerRow, customer)).name = "Canceled"
            await session.flush()
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(rename())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    name = select(CustomerRow.name).where(CustomerRow.id == _ID)
    ((found,),) = await fetched(single, company.org_id, name, of_customer=customer)
    assert found != "Canceled"


@pytest.mark.parametrize("fails", [False, True])
async def test_what_is_sent_directly_ends_with_the_transaction_that_no_session_took_part_in(
    company: Company, single: Database, fails: bool
) -> None:
    customer, name = UUID((await company.customer()).customer_id), f"Directly {uuid4().hex}"
    renamed = update(CustomerRow).where(CustomerRow.id == _ID).values(name=bindparam("new_name"))
    with nullcontext() if not fails else pytest.raises(ZeroDivisionError):
        async with single.unit_of_work(company.org_id) as session:
            await fetch(session, renamed.returning(CustomerRow.id), {"of_customer": customer, "new_name": name})
            assert not session.in_transaction()
            assert 1 / (not fails)
    ((found,),) = await fetched(
        single, company.org_id, select(CustomerRow.name).where(CustomerRow.id == _ID), of_customer=customer
    )
    assert (found == name) is not fails


async def test_what_is_found_by_keys_is_prepared_the_first_time(company: Company, single: Database) -> None:
    once = select(CustomerRow.id, literal("by keys")).where(CustomerRow.id == _ID)
    async with single.unit_of_work(company.org_id, by_keys=True) as session:
        await fetch(session, once, {"of_customer": uuid4()})
        found = (await (await session.connection()).exec_driver_sql(PREPARED)).scalars().all()
    assert any("customer.id" in statement for statement in found)


async def test_after_an_outage_one_transaction_fails_and_all_connections_are_made_anew(
    company: Company, store_url: str
) -> None:
    database, customer = Database(as_login(store_url, RUNS), pool_size=3), UUID((await company.customer()).customer_id)

    async def find() -> Sequence[tuple[Any, ...]]:
        return await fetched(database, company.org_id, CUSTOMER, of_customer=customer)

    async with AsyncExitStack() as stack:
        begun = [await stack.enter_async_context(database.unit_of_work(company.org_id)) for _ in range(3)]
        backends = [await session.scalar(select(func.pg_backend_pid())) for session in begun]
    for backend in backends:
        await ended(store_url, backend)
    with pytest.raises(NoDatabase):
        await find()
    assert [len(await find()) for _ in range(3)] == [1, 1, 1]
    await database.close()


async def ended(url: str, backend: int | None) -> None:
    """End the server's side of a connection, and wait for it."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])

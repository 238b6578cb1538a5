"""Lists and look-ups are read by indexes, behind tenant isolation too: EXPLAIN of every query that a request asks."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event

from bench.loading import fill
from billflow.models.tables import CreditNoteRow, RefundRow
from billflow.store.adjustments.numbers import next_document_n
from billflow.store.session.database import Database
from billflow.wiring.store import sell_example
from tests.api_environment import ApiEnvironment

CUSTOMERS, ENTRIES = 3000, 4
DOCUMENTS = (("credit note", "CN-000042"), ("refund", "RF-000042"))
GROWING = (
    "customer",
    "customer_search_term",
    "customer_plan",
    "invoice",
    "license_ledger",
    "step",
    "outbox_event",
    "audit_log",
    "seat",
    "credit",
    "credit_note",
    "refund",
    "adjustment_answer",
)


@pytest.fixture(scope="module")
async def crowd(env: ApiEnvironment, env_database_url: str) -> str:
    """Return an organization with so many customers that reading all of them is no choice."""
    org_id = await env.engine.repositories.organizations.ensure(f"crowd-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    fill(env_database_url, "crowd", {"org": org_id, "customers": CUSTOMERS, "entries": ENTRIES})
    return org_id


@pytest.fixture(scope="module")
async def principal(env: ApiEnvironment, crowd: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of that organization."""
    async with env.client(await env.key(org_id=crowd)) as client:
        yield client


async def plans_of(env: ApiEnvironment, org_id: str, client: httpx.AsyncClient, path: str) -> dict[str, str]:
    """Return the plan of each query that a request asks, by its text."""

    async def ask() -> None:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text

    return await explained_queries(env.engine.pools.requests, org_id, ask)


NOT_OF_A_REQUEST = re.compile(r"billflow_versions_since|FROM api_key\s+WHERE api_key.id = ")
"""What a look back begins with, and how a key is known, which is never as of a moment."""


def is_of_rows(statement: str) -> bool:
    """Tell whether a statement reads the rows that a request is about."""
    return statement.startswith(("SELECT", "WITH")) and "FROM" in statement and not NOT_OF_A_REQUEST.search(statement)


async def explained_queries(database: Database, org_id: str, ask: Callable[[], Awaitable[object]]) -> dict[str, str]:
    """Return the plan of each query that *ask* asks, by its text."""
    asked: list[tuple[str, object]] = []

    def note(*call: object) -> None:
        asked.append((str(call[2]), call[3]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        await ask()
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    found = {}
    for statement, parameters in [one for one in asked if is_of_rows(one[0])]:
        async with database.unit_of_work(org_id) as session:
            connection = await session.connection()
            # So few rows are quicker read whole; of a hundred thousand they would not be.
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            explained = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]
            found[statement] = "\n".join(str(row[0]) for row in explained)
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/customers",
        "/customers?offset=1000",
        "/customers?email=crowd-7@crowd.example",
        "/customers?q=owd%2010",
        "/customers?q=-7@crowd.example",
        "/customers?q=crowd-77@crowd.example",
        "/customers?status=suspended",
        "/customers?erp_customer_number=4711",
        "/customers?realm=crowd-7",
        "/customers/{customer}",
        "/customers/{customer}/credits",
        "/customers/{customer}/access",
        "/customers/{customer}/report",
        "/customers/{customer}/statement",
        "/plans",
        "/plans?status=active&next_invoice_before=2026-01-01T00:00:00Z",
        "/plans?needs_attention=true",
        "/plans?customer_id={customer}",
        "/plans/{plan}",
        "/plans/{plan}/ledger",
        "/plans/{plan}/invoices",
        "/plans/{plan}/timeline",
        "/invoices",
        "/invoices/{invoice}",
        "/invoices?customer_id={customer}",
        "/invoices?status=open",
        "/invoices?number=A1B2C3-0001",
        "/invoices?paid_since=2026-01-01T00:00:00Z&paid_until=2026-02-01T00:00:00Z&currency=USD",
        "/invoices?unpaid=true&due_until=2026-02-01T00:00:00Z",
        "/invoices?next_action=retry",
        "/plans?live=true&currency=USD",
        "/plans?attention=stale_seats",
        "/business",
        "/business/renewals",
        "/business/movements?since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z",
        "/events?customer_id={customer}",
        "/audit?limit=5",
    ],
)
async def test_no_request_reads_a_whole_table(
    env: ApiEnvironment, crowd: str, principal: httpx.AsyncClient, path: str
) -> None:
    plan = (await principal.get("/api/v1/plans?limit=1")).json()["plans"][0]

    invoice = (await principal.get(f"/api/v1/plans/{plan['id']}/invoices?limit=1")).json()["invoices"][0]

    asked = path.format(customer=plan["customer_id"], plan=plan["id"], invoice=invoice["id"])
    explained = await plans_of(env, crowd, principal, f"/api/v1{asked}")

    assert explained
    for statement, told in explained.items():
        assert not [table for table in GROWING if f"Seq Scan on {table}" in told], f"{statement}\n{told}"


@pytest.fixture(scope="module")
async def before(crowd: str, env_database_url: str) -> datetime:
    """Return a moment after which every customer, plan and invoice of that organization changed."""
    async with await psycopg.AsyncConnection.connect(env_database_url, autocommit=True) as connection:
        await connection.execute("SELECT set_config('billflow.org_id', %s, false)", [crowd])
        moment = datetime.now(UTC)
        for table, column in (
            ("customer", "tax_exempt"),
            ("customer_plan", "review_reminder_sent"),
            ("invoice", "waived"),
        ):
            change = sql.SQL("UPDATE {0} SET {1} = NOT {1} WHERE org_id = %s")
            await connection.execute(change.format(sql.Identifier(table), sql.Identifier(column)), [crowd])
        await connection.execute("ANALYZE")
    return moment


@pytest.mark.full
@pytest.mark.parametrize(
    "path",
    [
        "/customers/{customer}",
        "/customers/{customer}/report",
        "/plans/{plan}",
        "/plans/{plan}/ledger",
        "/plans/{plan}/invoices",
        "/plans?customer_id={customer}",
        "/invoices/{invoice}",
        "/invoices?customer_id={customer}",
    ],
)
async def test_no_request_as_of_a_moment_reads_all_that_ever_was(
    env: ApiEnvironment, crowd: str, principal: httpx.AsyncClient, before: datetime, path: str
) -> None:
    plan = (await principal.get("/api/v1/plans?limit=1")).json()["plans"][0]
    invoice = (await principal.get(f"/api/v1/plans/{plan['id']}/invoices?limit=1")).json()["invoices"][0]
    asked = path.format(customer=plan["customer_id"], plan=plan["id"], invoice=invoice["id"])

    async def ask() -> None:
        answer = await principal.get(
            f"/api/v1{asked}", params=httpx.QueryParams(asked.partition("?")[2]).set("as_of", before.isoformat())
        )
        assert answer.status_code == 200, answer.text

    explained = await explained_queries(env.engine.pools.requests.as_of(before), crowd, ask)

    assert explained
    for told in explained.values():
        assert not [table for table in GROWING if f"Seq Scan on {table}" in told], told
        former = [line for line in told.split("\n") if " on row_version " in line]
        assert all("pk_row_version" in line or "ix_row_version_customer_id" in line for line in former), told
        assert "Hash Join" not in told
        assert "Merge Join" not in told


async def test_customers_and_invoices_are_named_by_index(env: ApiEnvironment, crowd: str) -> None:
    for noun, typed in (("customer", "crowd 77"), ("customer", "d 77"), ("invoice", "A1B2C3-0001"), *DOCUMENTS):
        explained = await explained_queries(
            env.engine.database, crowd, partial(env.engine.queries.ids.ids_of, crowd, noun, typed)
        )

        assert explained
        assert "Seq Scan" not in "".join(explained.values()), explained


async def test_the_next_number_of_a_document_is_found_by_index(env: ApiEnvironment, crowd: str) -> None:
    async def take() -> None:
        async with env.engine.database.unit_of_work(crowd) as session:
            for table in (CreditNoteRow, RefundRow):
                assert await next_document_n(session, table(id=uuid4(), org_id=UUID(crowd))) == 1

    explained = await explained_queries(env.engine.database, crowd, take)

    assert len(explained) == 4
    assert "Seq Scan" not in "".join(explained.values()), explained


async def test_the_page_after_a_cursor_begins_at_its_place_in_the_index(
    env: ApiEnvironment, crowd: str, principal: httpx.AsyncClient
) -> None:
    for noun in ("customers", "plans", "invoices"):
        after = (await principal.get(f"/api/v1/{noun}?limit=2")).json()["next"]

        explained = await plans_of(env, crowd, principal, f"/api/v1/{noun}?limit=2&after={after}")

        paged = next(told for statement, told in explained.items() if "LIMIT" in statement)
        conditions = [line for line in paged.splitlines() if "Index Cond" in line]
        assert any("ROW(" in line for line in conditions), paged

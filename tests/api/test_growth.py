"""What a customer's pages read does not grow with the customer: one of ten years beside a new one."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import psycopg
import pytest

from bench.loading import fill
from billflow.domain.billing_dates import process_billing_date
from billflow.models.contracts.steps import CloseCycleInput, PlanRef
from billflow.store.session import database, paging
from billflow.wiring.store import sell_as_example, sell_example
from tests.api_environment import ApiEnvironment
from tests.store.reading import rows_read

DUE = datetime(2026, 3, 1, tzinfo=UTC)
NEW, OLD = 2, 120
ENTRIES, INVOICES = 840, 25
"""In each month but the last."""

COUNTED = 20
"""How many rows a list's total is counted of, in these tests; no more than one page."""

SPREAD, TIMES = 100, 1.3
"""By how many rows and index entries, and how many times, the old customer's page may read more.

PostgreSQL may find a page among the organization's newest rows instead, of which most are this customer's.
"""

ALONE = 200
"""How many rows and index entries a new customer's page reads at most, whatever else there is; a list may find its part
among the organization's newest rows."""

LISTS = "limit=20"

PAGES = (  # what adds up a whole life, as a statement does, reads it
    "/customers/{customer}",
    "/customers?email={plan}@decade.example",
    "/customers/{customer}/access",
    "/plans?customer_id={customer}",
    "/plans/{plan}",
    "/plans/{plan}/ledger?limit=20",
    "/plans/{plan}/invoices?limit=20",
    "/plans/{plan}/forecast",
    "/invoices?customer_id={customer}&limit=20",
    "/invoices/{invoice}",
    "/invoices/{invoice}/explain",
    "/events?plan_id={plan}&limit=20",
    "/mails?customer_id={customer}&limit=20",
)


@dataclass(frozen=True)
class Life:
    """A customer with its plan, and its newest invoice."""

    customer: str
    plan: str
    invoice: str


@pytest.fixture(scope="module")
async def shop(env: ApiEnvironment) -> str:
    """Return an organization that sells."""
    org_id = await env.engine.repositories.organizations.ensure(f"growth-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    await sell_as_example(env.engine.repositories.sellers, org_id)
    return org_id


@pytest.fixture(scope="module")
async def lives(env: ApiEnvironment, shop: str, env_database_url: str) -> dict[int, Life]:
    """Return a new customer and one of ten years, by their months."""
    found = {}
    for months in (NEW, OLD):
        given = {"org": shop, "plan": uuid4(), "months": months, "due": DUE.isoformat()}
        fill(env_database_url, "decade", given | {"entries": ENTRIES, "invoices": INVOICES})
        async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
            newest = await connection.execute(
                "SELECT customer_id::text, plan_id::text, id::text FROM invoice WHERE plan_id = %s"
                " ORDER BY issued_at DESC LIMIT 1",
                [given["plan"]],
            )
            found[months] = Life(*(await newest.fetchone() or ()))
        step = CloseCycleInput(plan=PlanRef(org_id=shop, plan_id=found[months].plan), at=DUE)
        await env.engine.repositories.plans.take_step(step, lambda facts: process_billing_date(facts, DUE))
    async with await psycopg.AsyncConnection.connect(env_database_url, autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE")
    return found


@pytest.fixture(scope="module")
async def reader(env: ApiEnvironment, shop: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of that organization."""
    async with env.client(await env.key(org_id=shop)) as client:
        yield client


async def read(env: ApiEnvironment, reader: httpx.AsyncClient, path: str) -> Counter[str]:
    """Return what a page reads."""
    with rows_read(env.engine.pools.requests) as rows:
        answer = await reader.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return rows


@pytest.mark.full
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_of_a_customer_of_ten_years_reads_no_more_than_a_new_ones(
    env: ApiEnvironment, reader: httpx.AsyncClient, lives: dict[int, Life], page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", COUNTED)
    # Twenty of so few rows are quicker found by reading the table from its beginning; of a million they would not be.
    monkeypatch.setattr(database, "_BEGIN", f"{database._BEGIN}; SET LOCAL enable_seqscan = off")
    of_new, of_old = [await read(env, reader, page.format(**vars(life))) for life in (lives[NEW], lives[OLD])]
    assert LISTS in page or of_new.total() <= ALONE, of_new
    assert of_old.total() <= max(TIMES * of_new.total(), of_new.total() + SPREAD), of_old - of_new


@pytest.mark.full
@pytest.mark.usefixtures("lives")
async def test_a_customer_that_was_written_nothing_reads_no_mails_of_others(
    env: ApiEnvironment, reader: httpx.AsyncClient
) -> None:
    made = await reader.post("/api/v1/customers", json={"name": "Unwritten", "email": "unwritten@example.com"})

    rows = await read(env, reader, f"/mails?customer_id={made.json()['id']}&limit=20")

    assert rows.total() <= ALONE, rows

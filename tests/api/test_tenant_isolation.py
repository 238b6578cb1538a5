"""No route shows or changes anything of another organization, and no forgotten filter would."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from billflow.api.app import create_app
from billflow.domain.scopes import Scope
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, PlanFilter
from billflow.models.tables import Base
from billflow.store.session.list_filters import ListFilter
from billflow.wiring.api import api_services
from billflow.wiring.store import sell_example
from tests.api.operations import Operation, operations
from tests.api.test_plans import MONTHLY
from tests.api_environment import ApiEnvironment, until
from tests.databases import NOBODYS
from tests.store.conftest import rows_of


@dataclass(frozen=True)
class Victim:
    """An organization with one of everything, and a key of its own."""

    org_id: str
    key: str
    ids: dict[str, str]


@pytest.fixture(scope="module")
async def victim(env: ApiEnvironment) -> Victim:
    """Return an organization whose records have come to rest."""
    org_id = await env.engine.repositories.organizations.ensure("victim")
    await sell_example(env.engine.repositories.catalogs, org_id)
    key = await env.key(org_id=org_id)
    async with env.client(key) as client:
        body = {"name": "Victim", "email": f"{uuid4().hex}@victim.example"}
        customer = (await client.post("/api/v1/customers", json=body)).json()
        bought = {**MONTHLY, "customer_id": customer["id"], "collection_method": "send_invoice"}
        plan = (await client.post("/api/v1/plans", json=bought)).json()["plan"]
        clock = (await client.post("/api/v1/test-clocks", json={"now_at": "2026-01-31T00:00:00Z"})).json()

        async def rests() -> bool:
            return await next_about_invoice(client, plan["id"]) is not None

        await until(rests)
        invoice = (await client.get("/api/v1/invoices", params={"plan_id": plan["id"]})).json()["invoices"][0]
    ids = {
        "customer_id": customer["id"],
        "deployment_id": customer["deployment_id"],
        "plan_id": plan["id"],
        "invoice_id": invoice["id"],
        "test_clock_id": clock["id"],
        "billing_account_id": customer["billing_account"]["id"],
    }
    return Victim(org_id, key, ids)


async def next_about_invoice(client: httpx.AsyncClient, plan_id: str) -> str | None:
    """Return what collection does next about the plan's invoice, once it is sent and that is decided."""
    invoices = (await client.get("/api/v1/invoices", params={"plan_id": plan_id})).json()["invoices"]
    return invoices[0]["next_action"] if invoices and invoices[0]["status"] == "open" else None


@pytest.fixture(scope="module")
async def stranger(env: ApiEnvironment) -> str:
    """Return the id of another organization."""
    return await env.engine.repositories.organizations.ensure("wall-stranger")


@pytest.fixture(scope="module")
def every_operation(env: ApiEnvironment) -> list[Operation]:
    """Return all that can be called with a key."""
    return list(operations(create_app(api_services(env.engine)).openapi()))


def test_every_body_has_an_example(every_operation: list[Operation]) -> None:
    without = [(one.method, one.path) for one in every_operation if one.takes_a_body() and not one.bodies()]

    assert len(every_operation) >= 20
    assert without == []


def counts_in(answer: httpx.Response) -> list[object]:
    """Return how much an answer says that there is: what a list has, or a report is about."""
    return [answer.json().get(name) for name in ("total", "plans")]


async def test_with_another_organizations_key_nothing_is_found_and_nothing_changes(
    env: ApiEnvironment, env_database_url: str, victim: Victim, stranger: str, every_operation: list[Operation]
) -> None:
    before = await asyncio.to_thread(rows_of, env_database_url, victim.org_id)
    async with env.client(await env.key(org_id=stranger)) as client:
        for one in every_operation:
            for body in one.bodies() or [None]:
                answer = await one.call(client, victim.ids, body)
                seen = (one.method, one.path, answer.status_code, answer.text[:300])
                assert not any(held in answer.text for held in set(victim.ids.values()) - used(one, body, victim)), seen
                assert answer.status_code < 500, seen
                if one.names("path") or used(one, body, victim):
                    assert answer.status_code in (403, 404) or 0 in counts_in(answer), seen

    assert await asyncio.to_thread(rows_of, env_database_url, victim.org_id) == before


def used(one: Operation, body: object, victim: Victim) -> set[str]:
    """Return the ids that the request itself names: an answer may repeat them."""
    names = {*one.names("path"), *one.names("query"), *(body if isinstance(body, dict) else ())}
    unknown = {victim.ids["customer_id"]} if one.names("path") else set()
    return {victim.ids[name] for name in names & set(victim.ids)} | unknown


async def test_without_its_scope_a_key_opens_no_route(
    env: ApiEnvironment, env_database_url: str, victim: Victim, every_operation: list[Operation]
) -> None:
    keys = {scope: await env.key(*(set(Scope) - {scope}), org_id=victim.org_id) for scope in Scope}
    before = await asyncio.to_thread(rows_of, env_database_url, victim.org_id)
    for one in every_operation:
        async with env.client(keys[Scope(one.scope)]) as client:
            answer = await one.call(client, victim.ids, (one.bodies() or [None])[0])
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), (one.method, one.path)

    after = await asyncio.to_thread(rows_of, env_database_url, victim.org_id)
    # Of a key its last use is noted.
    assert [row for row in after if row[0] != "api_key"] == [row for row in before if row[0] != "api_key"]


@pytest.mark.parametrize(
    "filters", ["customers.queries.customers_that", "plans.queries.plans_that", "invoices.queries.invoices_that"]
)
async def test_a_repository_that_lost_its_filter_leaks_nothing(
    env: ApiEnvironment, victim: Victim, stranger: str, monkeypatch: pytest.MonkeyPatch, filters: str
) -> None:
    monkeypatch.setattr(f"billflow.store.{filters}", lambda _: ListFilter())
    queries = env.engine.queries

    customers = await queries.customers.search(stranger, CustomerFilter(email="x@victim.example"))
    plans = await queries.plans.search(stranger, PlanFilter(customer_id=victim.ids["customer_id"]))
    invoices = await queries.invoices.search(stranger, InvoiceFilter(customer_id=victim.ids["customer_id"]))

    assert {row.org_id for row in customers.rows} | {row.org_id for row in plans.rows} <= {stranger}
    assert {row.org_id for row in invoices.rows} <= {stranger}


@pytest.mark.usefixtures("victim")
async def test_a_query_without_any_filter_sees_one_organization(env: ApiEnvironment, stranger: str) -> None:
    seen: dict[str, set[str]] = {}
    async with env.engine.database.unit_of_work(stranger) as session:
        for table in sorted(Base.metadata.tables.keys() - {NOBODYS}):
            owner = Base.metadata.tables[table].c["id" if table == "org" else "org_id"]
            seen[table] = {str(org_id) for org_id in (await session.scalars(select(owner))).all()}

    assert len(seen) > 50
    assert {table: owners for table, owners in seen.items() if not owners <= {stranger}} == {}

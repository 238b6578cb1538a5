"""What was known at a moment is answered again as it was answered then, byte for byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from billflow.domain.errors import BillingError
from billflow.models.contracts.customers import CustomerUpdate
from tests.api.histories import STEPS, History, Photograph, began, paths_of, photographed, start
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import created
from tests.sizes import sized, some
from tests.store.conftest import MONTHLY, by, company_of
from tests.waiting import PATIENCE

OFTEN = [*STEPS, "start_plan", "close_cycle", "close_cycle", "finalize", "pay", "pay", "command"]


@asynccontextmanager
async def begun(env: ApiEnvironment, seed: int) -> AsyncIterator[tuple[History, httpx.AsyncClient]]:
    """Begin the history of a new organization with two customers, and yield a client of its."""
    org_id = await env.engine.repositories.organizations.ensure(f"past-{uuid4().hex[:8]}")
    history = await began(company_of(env.engine.database, org_id), seed)
    async with env.client(await env.key(org_id=org_id)) as api:
        yield history, api


@pytest.mark.full
@settings(max_examples=sized(2, 2, 300), phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
async def test_every_moment_of_a_history_is_answered_as_it_was(env: ApiEnvironment, seed: int) -> None:
    async with begun(env, seed) as (history, api):
        photographs = []
        for name in ["tax", "buy", "close_cycle", "finalize", *Random(seed).choices(OFTEN, k=sized(21, 21, 60))]:
            with suppress(BillingError):  # what is refused is a part of history too
                await STEPS[name](history)
            paths = await paths_of(history)
            photographs.append((name, paths, *await photographed(api, paths)))
        for name, paths, moment, before in photographs:
            _, after = await photographed(api, paths, moment)
            for path in after:
                assert after[path] == before[path], (name, path, moment)

    assert len({before[paths[0]] + before[paths[3]] for _, paths, _, before in photographs}) > len(photographs) // 3


@pytest.mark.full
async def test_months_on_a_test_clock_are_answered_in_real_time(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": "2027-01-31T10:00:00Z"})).json()["id"]
    await seats(api, customer, "2027-01-31T09:00:00Z", 3)
    asked = {"tier": "cloud_standard", "schedule": "monthly", "customer_id": customer["id"], "test_clock_id": clock}
    plan = (await api.post("/api/v1/plans", json=asked)).raise_for_status().json()["plan"]["id"]
    paths = [f"/api/v1/plans/{plan}{part}" for part in ("", "/ledger", "/invoices", "/timeline")]
    paths += [f"/api/v1/customers/{customer['id']}/report", f"/api/v1/invoices?customer_id={customer['id']}"]
    photographs = []
    for month in range(3, 3 + sized(3, 12, 24)):
        moment = f"{2027 + month // 12}-{month % 12 + 1:02}-01T00:00:00Z"
        (await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": moment})).raise_for_status()
        await seats(api, customer, moment, month)
        photographs.append((moment, *await at_rest(api, paths)))

    shown = []
    for _, recorded, before in photographs:
        _, after = await photographed(api, paths, recorded)
        assert {path: after[path] for path in paths} == {path: before[path] for path in paths}
        shown.append(json.loads(after[paths[0]])["clock_at"])
    assert shown == [clock_moment for clock_moment, *_ in photographs]
    by_the_clock = await api.get(paths[0], params={"as_of": "2027-03-01T00:00:00Z"})
    assert (by_the_clock.status_code, by_the_clock.json()["code"]) == (422, "moment_in_the_future")


async def seats(api: httpx.AsyncClient, customer: dict[str, str], moment: str, members: int) -> None:
    """Report seats by a plan's clock."""
    path = f"/api/v1/deployments/{customer['deployment_id']}/seats"
    (await api.post(path, json=[{"observed_at": moment, "members": members}])).raise_for_status()


async def at_rest(api: httpx.AsyncClient, paths: list[str]) -> tuple[str, Photograph]:
    """Return a photograph that the next one is like: Stripe's events may still be on their way."""
    _, before = await photographed(api, paths)
    async with asyncio.timeout(PATIENCE):
        while True:
            moment, after = await photographed(api, paths)
            if all(before[path] == after[path] for path in paths):
                return moment, after
            before = after


MISSED = {
    "2199-01-01T00:00:00Z": (422, "moment_in_the_future", "name a moment that has been"),
    "2001-01-01T00:00:00Z": (422, "as_of_too_early", "former states are kept from then on"),
    "1999-01-01T00:00:00Z": (422, "bad_moment", "between 2000-01-01 and 2200-01-01"),
    "2026-11-29T12:00:00": (422, "wrong_type", "such as 2027-01-31T12:00:00Z, with its zone"),
    "yesterday": (422, "wrong_type", "such as 2027-01-31T12:00:00Z"),
}


@pytest.mark.parametrize("moment", some(2, MISSED))
async def test_a_moment_that_can_not_be_answered_gets_one_sentence(
    env: ApiEnvironment, api: httpx.AsyncClient, moment: str
) -> None:
    customer = await env.customer()
    status, code, said = MISSED[moment]
    for path in (f"/api/v1/customers/{customer.customer_id}/report", "/api/v1/invoices", "/api/v1/business"):
        answer = await api.get(path, params={"as_of": moment})
        problem = answer.json()
        assert (answer.status_code, problem["errors"][0]["code"]) == (status, code)
        assert problem["errors"][0]["field"] == "as_of"
        assert said in problem["detail"]


async def test_what_came_later_is_not_found_and_what_never_was_neither(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    before = datetime.now(UTC).isoformat()
    customer = await env.customer()
    nobody = str(uuid4())

    later = await api.get(f"/api/v1/customers/{customer.customer_id}/report", params={"as_of": before})
    never = await api.get(f"/api/v1/customers/{nobody}/report", params={"as_of": before})

    assert (later.status_code, later.json()["code"]) == (404, "recorded_later")
    assert later.json()["detail"] == f"This was recorded after {before}, the moment of as_of; name a later one."
    assert (never.status_code, never.json()["detail"]) == (404, f"There is no customer '{nobody}'.")


async def test_another_organizations_past_is_not_seen(env: ApiEnvironment) -> None:
    async with begun(env, 1) as (ours, api), begun(env, 2) as (_, theirs):
        await ours.company.repositories.customers.update(ours.customers[0].ref, CustomerUpdate(name="New"), by())
        moment = datetime.now(UTC).isoformat()
        await ours.company.repositories.customers.update(ours.customers[0].ref, CustomerUpdate(name="Newer"), by())
        path = f"/api/v1/customers/{ours.customers[0].customer_id}"

        seen = [(await client.get(path, params={"as_of": moment})).status_code for client in (api, theirs)]
        assert seen == [200, 404]
        assert (await api.get(path, params={"as_of": moment})).json()["name"] == "New"


async def test_a_list_goes_on_where_it_was_while_others_change_it(env: ApiEnvironment) -> None:
    async with begun(env, 3) as (history, api):
        await start(history, MONTHLY)
        for step in ("close_cycle", "report_seats", "close_cycle", "finalize"):
            await STEPS[step](history)
        moment = datetime.now(UTC).isoformat()
        whole = (await api.get("/api/v1/invoices", params={"as_of": moment})).json()["invoices"]
        assert len(whole) >= 2
        found: list[object] = []
        after = None
        while len(found) < len(whole):
            params = {"as_of": moment, "limit": "1", **({"after": after} if after else {})}
            part = (await api.get("/api/v1/invoices", params=params)).json()
            assert part["total"] == len(whole)
            found, after = found + part["invoices"], part["next"]
            for step in ("pay", "close_cycle", "void"):
                with suppress(BillingError):
                    await STEPS[step](history)

    assert found == whole
    assert after is None

"""Offers over HTTP and on the command line."""

import httpx
import pytest

from tests.pipeline.conftest import Typed
from tests.pipeline.environment import PlanEnvironment

FIXED = {"tier": "cloud_enterprise", "fixed_price": 120_000}


def path_of(plan_env: PlanEnvironment) -> str:
    return f"/api/v1/customers/{plan_env.customer_id}/offers"


async def test_an_offer_is_made_listed_accepted_and_billed_over_http(
    plan_env: PlanEnvironment, api: httpx.AsyncClient
) -> None:
    made = await api.post(path_of(plan_env), json=FIXED)
    offer = made.json()["offer"]
    accept = f"{path_of(plan_env)}/{offer['id']}/accept"
    headers = {"Idempotency-Key": f"accept-{offer['id']}"}
    choice = {"schedule": "monthly", "test_clock_id": plan_env.clock_id}

    started = await api.post(accept, json=choice, headers=headers)
    again = await api.post(accept, json=choice, headers=headers)

    assert (made.status_code, offer["status"], made.json()["plan"]) == (201, "open", None)
    assert (started.status_code, started.json()["plan"]["status"]) == (201, "active"), started.text
    assert again.json()["plan"]["id"] == started.json()["plan"]["id"]
    listed = (await api.get(path_of(plan_env))).json()
    assert [(one["id"], one["status"]) for one in listed["offers"]] == [(offer["id"], "accepted")]
    assert [invoice.total for invoice in await plan_env.closed()] == [10_000]


@pytest.mark.full
async def test_an_offer_is_withdrawn_over_http_and_accepted_no_more(
    plan_env: PlanEnvironment, api: httpx.AsyncClient
) -> None:
    offer = (await api.post(path_of(plan_env), json=FIXED)).json()["offer"]

    withdrawn = await api.delete(f"{path_of(plan_env)}/{offer['id']}")
    refused = await api.post(f"{path_of(plan_env)}/{offer['id']}/accept", json={"schedule": "annual"})

    assert withdrawn.json()["status"] == "withdrawn"
    assert (refused.status_code, refused.json()["code"]) == (409, "offer_not_open")


@pytest.mark.full
async def test_an_open_offer_is_changed_over_http_and_bought_as_it_is_then(
    plan_env: PlanEnvironment, api: httpx.AsyncClient
) -> None:
    offer = (await api.post(path_of(plan_env), json=FIXED | {"expires_at": "2199-01-31T00:00:00Z"})).json()["offer"]
    path = f"{path_of(plan_env)}/{offer['id']}"

    changed = await api.patch(path, json={"fixed_price": 60_000, "expires_at": None})
    wrong = await api.patch(path, json={"monthly_discounted_price": 500})
    started = await api.post(f"{path}/accept", json={"schedule": "annual", "test_clock_id": plan_env.clock_id})
    late = await api.patch(path, json={"fixed_price": 1})

    assert (changed.status_code, changed.json()["fixed_price"], changed.json()["expires_at"]) == (200, 60_000, None)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "offer_needs_one_kind_of_price")
    assert started.json()["plan"]["fixed_price"] == 60_000
    assert (late.status_code, late.json()["code"]) == (409, "offer_not_open")
    assert "offer.changed" in await plan_env.audited(offer["id"])


@pytest.mark.full
async def test_a_plan_is_started_with_an_offer_by_its_id_alone(
    plan_env: PlanEnvironment, api: httpx.AsyncClient
) -> None:
    offer = (await api.post(path_of(plan_env), json=FIXED)).json()["offer"]
    asked = {
        "customer_id": plan_env.customer_id,
        "tier": "cloud_enterprise",
        "schedule": "annual",
        "offer_id": offer["id"],
        "test_clock_id": plan_env.clock_id,
    }

    plan = (await api.post("/api/v1/plans", json=asked)).json()["plan"]

    assert (plan["status"], plan["fixed_price"]) == ("active", 120_000)


async def test_an_offer_of_another_customer_is_not_found(
    plan_env: PlanEnvironment, server_plan_env: PlanEnvironment, api: httpx.AsyncClient
) -> None:
    offer = (await api.post(path_of(plan_env), json=FIXED)).json()["offer"]

    seen = [
        await api.get(f"{path_of(server_plan_env)}/{offer['id']}"),
        await api.delete(f"{path_of(server_plan_env)}/{offer['id']}"),
        await api.post(f"{path_of(server_plan_env)}/{offer['id']}/accept", json={"schedule": "annual"}),
    ]

    assert [answer.status_code for answer in seen] == [404] * 3


@pytest.mark.full
async def test_offers_are_made_listed_accepted_and_withdrawn_by_hand(
    plan_env: PlanEnvironment, terminal: Typed
) -> None:
    customer = plan_env.customer_id
    create = ("offer", "create", customer, "--tier", "cloud_standard", "--monthly-discounted-price", "600", "--json")
    first = (await terminal(*create)).data["offer"]["id"]
    taken = await terminal(*create)
    withdrawn = await terminal("offer", "withdraw", first, "--json")
    second = (await terminal(*create)).data["offer"]["id"]
    accept = ("offer", "accept", second, "--schedule", "monthly", "--test-clock", plan_env.clock_id, "--json")
    accepted = await terminal(*accept)

    assert (taken.code, "open offer for that tier" in taken.err) == (1, True)
    assert withdrawn.data["status"] == "withdrawn"
    assert accepted.data["plan"]["price_per_license"] == 600
    shown = await terminal("offer", "list", customer)
    assert (shown.code, "accepted" in shown.out, "USD 6 a license and month" in shown.out) == (0, True, True)

"""Who is sponsored has the product without paying for it."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at, created
from tests.customers.test_money import REQUEST, subscriber


async def sponsorship_requested(api: httpx.AsyncClient, customer: Json) -> str:
    answer = await api.post(at(customer, "sponsorship-requests"), json=REQUEST)
    assert answer.status_code == 201, answer.text
    return at(customer, "sponsorship-requests", answer.json()["id"])


async def access(api: httpx.AsyncClient, customer: Json) -> dict[str, Any]:
    return dict((await api.get(at(customer, "access"))).json())


async def test_a_sponsored_cloud_customer_has_the_features_without_a_plan(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    path = await sponsorship_requested(api, customer)
    pending = (await api.get(at(customer, "pricing"))).json()["sponsorship_pending"]

    approved = [await api.post(f"{path}/approve", json={"reason": "open source"}) for _ in range(2)]

    shown = await access(api, customer)
    assert (pending, (await api.get(at(customer, "pricing"))).json()["sponsorship_pending"]) == (True, False)
    assert [(one.json()["status"], one.json()["reason"]) for one in approved] == 2 * [("approved", "open source")]
    assert (shown["sponsored"], shown["plan"]) == (True, None)
    assert "unlimited_history" in shown["features"]


async def test_a_sponsored_server_gets_a_community_plan_that_costs_nothing(api: httpx.AsyncClient) -> None:
    customer = await created(api, remote_server={"uuid": str(uuid4()), "hostname": "chat.acme.example"})
    path = await sponsorship_requested(api, customer)

    for _ in range(2):
        assert (await api.post(f"{path}/approve")).status_code == 200

    plans = (await api.get("/api/v1/plans", params={"customer_id": customer["id"]})).json()["plans"]
    assert [(plan["tier"], plan["status"], plan["due_at"]) for plan in plans] == [
        ("self_hosted_community", "active", None)
    ]
    assert (await access(api, customer))["push"]["allowed"]


@pytest.mark.full
async def test_nobody_is_sponsored_on_a_paid_plan(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer, _ = await subscriber(api, env, "monthly")
    path = await sponsorship_requested(api, customer)

    answer = await api.post(f"{path}/approve")

    assert (answer.status_code, answer.json()["code"]) == (409, "on_paid_plan")
    assert not (await access(api, customer))["sponsored"]


async def test_one_request_waits_at_a_time_and_a_declined_one_stays_declined(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    path = await sponsorship_requested(api, customer)
    second = await api.post(at(customer, "sponsorship-requests"), json=REQUEST)

    declined = await api.post(f"{path}/decline", json={"reason": "a company"})
    late = await api.post(f"{path}/approve")
    await sponsorship_requested(api, customer)

    assert (second.status_code, second.json()["code"]) == (409, "sponsorship_pending")
    assert (declined.json()["status"], declined.json()["reason"]) == ("declined", "a company")
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    listed = (await api.get(at(customer, "sponsorship-requests"))).json()
    assert [row["status"] for row in listed["sponsorship_requests"]] == ["pending", "declined"]

"""What a customer may do now: the effects of a suspension one by one, its tier's features, its seats."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at, created

EFFECTS = {
    "projects_writable": (True, False),
    "can_create_sessions": (True, False),
    "can_send_messages": (True, False),
    "agents_can_log_in": (True, False),
    "sessions_time_out": (False, True),
    "webhooks_enabled": (True, False),
    "charges_enabled": (True, False),
    "data_retained": (True, True),
}
MANUAL = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual"}


async def access(api: httpx.AsyncClient, customer: Json) -> Json:
    answer = await api.get(at(customer, "access"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def seats(api: httpx.AsyncClient, customer: Json, members: int) -> None:
    path = f"/api/v1/deployments/{customer['deployment_id']}/seats"
    moment = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert (await api.post(path, json={"observed_at": moment, "members": members})).status_code == 201


@pytest.mark.parametrize("turn", ["suspend", "deactivate"])
async def test_each_effect_comes_with_the_suspension_and_goes_with_it(api: httpx.AsyncClient, turn: str) -> None:
    customer = await created(api)

    before = await access(api, customer)
    await api.post(at(customer, turn))
    during = await access(api, customer)
    await api.post(at(customer, "activate"))
    after = await access(api, customer)

    assert {effect: (before[effect], during[effect]) for effect in EFFECTS} == EFFECTS
    assert {effect: after[effect] for effect in EFFECTS} == {effect: before[effect] for effect in EFFECTS}


async def test_a_plan_gives_its_tiers_features_and_says_how_many_seats_are_left(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    await seats(api, customer, 5)
    await api.post("/api/v1/plans", json={**MANUAL, "customer_id": customer["id"], "licenses": 8})

    shown = await access(api, customer)

    plan = shown["plan"]
    assert (shown["features"], shown["sponsored"]) == (
        ["unlimited_history", "guest_accounts", "priority_support"],
        False,
    )
    assert (plan["tier"], plan["status"], plan["licenses"]) == ("cloud_standard", "active", 8)
    assert (plan["seats_in_use"], plan["seats_left"]) == (5, 3)
    assert (plan["can_add_seats"], plan["warn_about_seats"]) == (True, True)


@pytest.mark.full
async def test_a_full_plan_takes_nobody_more(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    await seats(api, customer, 5)
    await api.post("/api/v1/plans", json={**MANUAL, "customer_id": customer["id"], "licenses": 5})

    plan = (await access(api, customer))["plan"]

    assert (plan["seats_left"], plan["can_add_seats"]) == (0, False)


async def test_without_a_plan_there_are_no_features(api: httpx.AsyncClient) -> None:
    shown = await access(api, await created(api))

    assert (shown["features"], shown["plan"], shown["push"]) == ([], None, None)


@pytest.mark.parametrize(("people", "allowed"), [(10, True), (11, False)])
async def test_a_small_server_may_push_without_a_plan_until_it_is_suspended(
    api: httpx.AsyncClient, people: int, *, allowed: bool
) -> None:
    customer = await created(api, remote_server={"uuid": str(uuid4()), "hostname": "chat.acme.example"})
    unseen = await access(api, customer)
    await seats(api, customer, people)

    seen = await access(api, customer)
    await api.post(at(customer, "suspend"))

    assert not unseen["push"]["allowed"]
    assert seen["push"] == {"allowed": allowed, "ends_at": None}
    assert not (await access(api, customer))["push"]["allowed"]

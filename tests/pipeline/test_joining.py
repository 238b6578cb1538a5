"""Whether more people may join a plan with limited licenses, and when admins are to be warned."""

import httpx
import pytest

from billflow.domain.commands import DowngradeAtEndOfCycle, SetLicensesAtRenewal
from billflow.models.contracts.customers import CustomerPricing
from tests.pipeline.conftest import Typed
from tests.pipeline.environment import BEGIN, DAY, MONTHLY, PlanEnvironment, by_hand
from tests.sizes import further


async def asked(api: httpx.AsyncClient, plan_env: PlanEnvironment, **joining: int) -> dict[str, object]:
    path = f"/api/v1/deployments/{plan_env.customer.deployment_id}/seats/can-add"
    answer = await api.get(path, params=joining)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize(
    ("seats", "spare", "warning"), [*further((6, 4, False), (9, 1, True), (10, 0, True)), (7, 3, True)]
)
async def test_people_join_while_there_are_spare_licenses_and_admins_are_warned_at_three(
    plan_env: PlanEnvironment, api: httpx.AsyncClient, seats: int, spare: int, warning: bool
) -> None:
    await plan_env.plan(by_hand(10))
    await plan_env.seats(seats, BEGIN + DAY)

    assert await asked(api, plan_env) == {"allowed": spare > 0, "spare": spare, "warning": warning}
    assert (await asked(api, plan_env, members=spare))["allowed"]
    assert not (await asked(api, plan_env, members=spare + 1))["allowed"]


@pytest.mark.full
async def test_five_guests_ride_along_with_each_member(plan_env: PlanEnvironment, api: httpx.AsyncClient) -> None:
    await plan_env.plan(by_hand(2))
    await plan_env.seats(2, BEGIN + DAY, guests=9)

    assert (await asked(api, plan_env, members=0, guests=1))["allowed"]
    assert not (await asked(api, plan_env, members=0, guests=2))["allowed"]


@pytest.mark.full
async def test_the_licenses_of_the_next_cycle_count_too_where_there_is_one(
    plan_env: PlanEnvironment, api: httpx.AsyncClient
) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.seats(6, BEGIN + DAY)
    await plan_env.advance(BEGIN + DAY)
    await plan_env.command(plan, SetLicensesAtRenewal(licenses=7))
    assert (await asked(api, plan_env))["spare"] == 1

    await plan_env.command(plan, DowngradeAtEndOfCycle())

    assert (await asked(api, plan_env))["spare"] == 4


@pytest.mark.full
async def test_nothing_limits_automatic_plans_exempt_customers_and_those_without_a_plan(
    plan_env: PlanEnvironment, api: httpx.AsyncClient
) -> None:
    free = {"allowed": True, "spare": None, "warning": False}
    assert await asked(api, plan_env, members=500) == free
    await plan_env.price(CustomerPricing(exempt_from_license_number_check=True))
    await plan_env.plan(by_hand(1))
    assert await asked(api, plan_env, members=500) == free


@pytest.mark.full
async def test_an_automatic_plan_is_not_limited(plan_env: PlanEnvironment, api: httpx.AsyncClient) -> None:
    await plan_env.plan(MONTHLY)

    assert (await asked(api, plan_env, members=500))["spare"] is None


@pytest.mark.full
async def test_the_gate_can_be_asked_by_hand_and_exits_with_1_when_it_is_shut(
    plan_env: PlanEnvironment, terminal: Typed
) -> None:
    await plan_env.plan(by_hand(10))
    await plan_env.seats(9, BEGIN + DAY)

    one = await terminal("seats", "can-add", plan_env.customer_id, "--members", "1")
    two = await terminal("seats", "can-add", plan_env.customer_id, "--members", "2", "--json")

    assert (one.code, one.out.strip()) == (0, "They may join: 1 licenses are spare now.")
    assert (two.code, '"allowed": false' in two.out) == (1, True)


async def test_what_was_reported_is_listed_in_time_order(plan_env: PlanEnvironment, api: httpx.AsyncClient) -> None:
    for day in (1, 2, 3):
        await plan_env.seats(day, BEGIN + day * DAY)

    path = f"/api/v1/deployments/{plan_env.customer.deployment_id}/seats"
    answer = (await api.get(path, params={"since": (BEGIN + 2 * DAY).isoformat()})).json()

    assert (answer["total"], [seats["members"] for seats in answer["seats"]]) == (2, [2, 3])

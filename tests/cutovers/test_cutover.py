"""A cutover over the API: the old subscription ends where billflow begins, or goes on after all."""

from typing import Any

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import at
from tests.cutovers.moving import Moving, moving_in
from tests.cutovers.old_and_new import RENEWAL

CUTOVER, NEXT = "2026-02-15", "2026-03-15"


@pytest.fixture
async def moving(env: ApiEnvironment, api: httpx.AsyncClient) -> Moving:
    return await moving_in(env, api)


def status(plan: dict[str, object]) -> tuple[object, object]:
    return plan["cutover_status"], plan["cutover_at"]


async def test_the_old_subscription_ends_where_billflow_begins(moving: Moving) -> None:
    plan = await moving.begin()

    assert status(plan) == ("confirmed", f"{CUTOVER}T00:00:00Z")
    old = moving.old()
    assert (old.cancel_at_period_end, old.cancel_at) == (True, int(RENEWAL.timestamp()))
    assert old.metadata["billflow_cutover_of_plan"] == moving.plan
    moving.let_stripe_live("2026-02-16")
    await moving.live("2026-02-16")
    await moving.live("2026-03-16")

    assert moving.old().status == "canceled"
    assert moving.billed_by_stripe() == []
    assert await moving.billed() == [CUTOVER, NEXT]
    assert status(await moving.shown()) == ("done", f"{CUTOVER}T00:00:00Z")
    told = await moving.events()
    assert [one for one in told if one.startswith("plan.cut")] == ["plan.cutover_scheduled", "plan.cut_over"]
    assert "plan.needs_attention" not in told
    again = await moving.command("begin_cutover", include_different=True)
    assert (again.status_code, again.json()["code"]) == (409, "cutover_over")
    late = await moving.command("cancel_cutover")
    assert (late.status_code, late.json()["code"]) == (409, "cutover_over")


@pytest.mark.full
async def test_a_later_moment_is_the_first_end_of_a_period_from_then_on(moving: Moving) -> None:
    plan = await moving.begin(not_before="2026-02-20T00:00:00Z")

    assert status(plan) == ("confirmed", f"{NEXT}T00:00:00Z")
    moving.let_stripe_live("2026-02-16")
    await moving.live("2026-03-16")
    moving.let_stripe_live("2026-03-16")

    assert moving.billed_by_stripe() == [CUTOVER]
    assert await moving.billed() == [NEXT]
    assert moving.old().status == "canceled"


@pytest.mark.full
async def test_until_its_date_a_cutover_can_be_canceled(moving: Moving) -> None:
    await moving.begin()

    answer = await moving.command("cancel_cutover")

    assert answer.status_code == 200, answer.text
    assert status(answer.json()["plan"]) == ("canceled", None)
    old = moving.old()
    assert (old.cancel_at_period_end, old.cancel_at, "billflow_cutover_of_plan" in old.metadata.to_dict()) == (
        False,
        None,
        False,
    )
    await moving.live("2026-02-16")
    moving.let_stripe_live("2026-02-16")
    assert (moving.billed_by_stripe(), await moving.billed()) == ([CUTOVER], [])
    assert status(await moving.shown()) == (None, None)
    nothing = await moving.command("cancel_cutover")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "no_cutover")

    plan = await moving.begin()
    assert status(plan) == ("confirmed", f"{NEXT}T00:00:00Z")
    moving.let_stripe_live("2026-03-16")
    await moving.live("2026-03-16")
    assert (moving.billed_by_stripe(), await moving.billed()) == ([CUTOVER], [NEXT])


@pytest.mark.full
async def test_a_subscription_that_somebody_ends_is_left_alone(moving: Moving) -> None:
    moving.client.v1.subscriptions.update(moving.subscription, {"cancel_at_period_end": True})

    answer = await moving.command("begin_cutover", include_different=True)

    assert (answer.status_code, answer.json()["code"]) == (409, "old_subscription_ends")
    assert status(await moving.shown()) == (None, None)
    assert (await moving.events())[-1] == "plan.cutover_refused"


async def test_a_subscription_that_follows_a_schedule_is_refused_until_that_is_released(moving: Moving) -> None:
    schedule = moving.client.v1.subscription_schedules.create({"from_subscription": moving.subscription})

    answer = await moving.command("begin_cutover", include_different=True)

    assert (answer.status_code, answer.json()["code"]) == (409, "old_subscription_scheduled")
    assert schedule.id in answer.json()["detail"]
    moving.client.v1.subscription_schedules.release(schedule.id)
    assert status(await moving.begin()) == ("confirmed", f"{CUTOVER}T00:00:00Z")


@pytest.mark.full
async def test_a_plan_from_elsewhere_is_cut_over_once_it_is_said_that_the_old_system_ends(moving: Moving) -> None:
    plan = await moving.begin(old_system_ends=True)

    assert status(plan) == ("confirmed", f"{CUTOVER}T00:00:00Z")
    assert moving.old().cancel_at is None
    await moving.live("2026-02-16")

    assert await moving.billed() == [CUTOVER]
    assert status(await moving.shown()) == ("done", f"{CUTOVER}T00:00:00Z")


async def test_without_a_compared_invoice_a_plan_is_refused(moving: Moving) -> None:
    answer = await moving.command("begin_cutover")

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_compared")


@pytest.mark.full
async def test_credit_that_is_left_is_taken_over_as_the_old_subscription_ends(moving: Moving) -> None:
    payer = str(moving.old().customer)
    granted: Any = {"amount": -1500, "currency": "usd"}
    moving.client.v1.customers.balance_transactions.create(payer, granted)
    await moving.begin()
    moving.let_stripe_live("2026-02-16")
    await moving.live("2026-02-16")
    await moving.live("2026-03-16")

    [account] = (await moving.api.get(at({"id": moving.customer}, "statement"))).json()["accounts"]
    assert (account["charges"], account["credits"], account["payments"]) == (2 * 4200, 1500, 2 * 4200 - 1500)
    assert (account["closing_balance"], account["credit_on_account"]) == (0, 0)
    assert moving.client.v1.customers.retrieve(payer).balance == 0

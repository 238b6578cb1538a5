"""Complimentary access, community plans, and what may follow them."""

from dataclasses import replace

import httpx
import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import CancelScheduledChange, ScheduleTierAtPlanEnd, SetEndDate, UpgradeTierNow
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import CustomerPricing
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import PlanFilter
from tests.pipeline.conftest import Typed
from tests.pipeline.environment import BASIC, BEGIN, COMPLIMENTARY, DAY, NO_DISCOUNT, PlanEnvironment, by_hand

ENDS = add_months(BEGIN, 2)
COMMUNITY = StartPlan(tier="self_hosted_community", schedule=Schedule.ANNUAL)
BUSINESS = ScheduleTierAtPlanEnd(tier="self_hosted_business")


async def complimentary(plan_env: PlanEnvironment, seats: int = 11) -> PlanState:
    """Start complimentary access for a server that reports its seats, without the new customer's discount."""
    await plan_env.price(NO_DISCOUNT)
    await plan_env.seats(seats, BEGIN - DAY)
    return await plan_env.plan(COMPLIMENTARY)


async def test_complimentary_access_costs_nothing_and_ends_on_its_day(server_plan_env: PlanEnvironment) -> None:
    plan_env = server_plan_env
    plan = await complimentary(plan_env)
    assert (plan.status, plan.price_per_license, plan.next_invoice_date) == (PlanStatus.ACTIVE, 0, ENDS)

    await plan_env.advance(ENDS - DAY)
    before = await plan_env.state(plan)
    await plan_env.advance(ENDS)

    assert (before.status, (await plan_env.state(plan)).status) == (PlanStatus.ACTIVE, PlanStatus.ENDED)
    assert await plan_env.invoices() == []


@pytest.mark.full
async def test_extending_complimentary_access_moves_its_end(server_plan_env: PlanEnvironment) -> None:
    plan_env = server_plan_env
    plan = await complimentary(plan_env)

    await plan_env.command(plan, SetEndDate(end_date=add_months(BEGIN, 4)))
    await plan_env.advance(ENDS + DAY)

    state = await plan_env.state(plan)
    assert (state.status, state.next_invoice_date) == (PlanStatus.ACTIVE, add_months(BEGIN, 4))


@pytest.mark.full
async def test_a_paid_plan_follows_complimentary_access_on_its_last_day_with_the_discount(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    plan = await complimentary(plan_env)
    await plan_env.price(CustomerPricing(flat_discounted_months=12))
    await plan_env.command(plan, BUSINESS)
    page = await plan_env.env.engine.queries.plans.search(
        plan_env.org_id, PlanFilter(customer_id=plan_env.customer_id, status=PlanStatus.NEVER_STARTED)
    )
    assert [(found.tier, found.billing_cycle_anchor) for found in page.rows] == [("self_hosted_business", ENDS)]

    await plan_env.seats(11, ENDS)
    await plan_env.advance(ENDS)

    old, new = await plan_env.plans()
    assert (old.status, new.status, new.licenses) == (PlanStatus.ENDED, PlanStatus.ACTIVE, 25)
    assert [invoice.total for invoice in await plan_env.closed()] == [25 * 8000 - 24_000]


@pytest.mark.full
async def test_a_scheduled_plan_that_is_cancelled_never_starts(server_plan_env: PlanEnvironment) -> None:
    plan_env = server_plan_env
    plan = await complimentary(plan_env)
    await plan_env.command(plan, BUSINESS)

    await plan_env.command(plan, CancelScheduledChange())
    await plan_env.advance(ENDS)

    assert [found.status for found in await plan_env.plans()] == [PlanStatus.ENDED, PlanStatus.ENDED]
    assert await plan_env.invoices() == []


@pytest.mark.full
async def test_upgrading_at_once_ends_complimentary_access_without_a_credit(server_plan_env: PlanEnvironment) -> None:
    plan_env = server_plan_env
    plan = await complimentary(plan_env)
    await plan_env.advance(BEGIN + 5 * DAY)

    upgraded = await plan_env.command(plan, UpgradeTierNow(tier="self_hosted_basic", schedule=Schedule.MONTHLY))

    assert upgraded.successor is not None
    assert (upgraded.state.status, upgraded.successor.licenses) == (PlanStatus.ENDED, 11)
    assert [invoice.total for invoice in await plan_env.closed()] == [11 * 350]
    assert (await plan_env.credits()) == ()


@pytest.mark.full
async def test_basic_to_business_at_once_ends_basic_and_credits_the_rest_of_its_month(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    await plan_env.price(NO_DISCOUNT)
    await plan_env.seats(12, BEGIN - DAY)
    basic = await plan_env.plan(BASIC)
    await plan_env.advance(BEGIN + 10 * DAY)

    upgraded = await plan_env.command(basic, UpgradeTierNow(tier="self_hosted_business"))

    credit = -(-12 * 350 * 21 // 31)
    purchase, business = await plan_env.closed()
    assert (upgraded.state.status, purchase.total) == (PlanStatus.ENDED, 12 * 350)
    assert (business.total, business.amount_due) == (25 * 800, 25 * 800 - credit)
    assert (await plan_env.credits())[0].amount == credit


async def test_a_community_plan_is_never_billed_nor_visited(server_plan_env: PlanEnvironment) -> None:
    plan_env = server_plan_env
    await plan_env.seats(500, BEGIN - DAY)

    plan = await plan_env.plan(COMMUNITY)
    await plan_env.advance(add_months(BEGIN, 25))

    state = await plan_env.state(plan)
    assert (state.status, state.due_at, state.licenses) == (PlanStatus.ACTIVE, None, 500)
    assert await plan_env.invoices() == []


async def test_a_free_plan_starts_without_seat_data(server_plan_env: PlanEnvironment) -> None:
    assert (await server_plan_env.plan(COMMUNITY)).licenses == 0


async def test_complimentary_access_needs_an_end(server_plan_env: PlanEnvironment) -> None:
    with pytest.raises(InvalidInput) as refused:
        await server_plan_env.start(replace(COMPLIMENTARY, end_date=None))

    assert refused.value.code == "no_end_date"


@pytest.mark.full
async def test_complimentary_access_is_given_over_http_and_by_hand(
    plan_env: PlanEnvironment, server_plan_env: PlanEnvironment, api: httpx.AsyncClient, terminal: Typed
) -> None:
    asked = {
        "customer_id": server_plan_env.customer_id,
        "tier": "self_hosted_complimentary",
        "schedule": "annual",
        "end_date": ENDS.isoformat(),
        "test_clock_id": server_plan_env.clock_id,
    }

    plan = (await api.post("/api/v1/plans", json=asked)).json()["plan"]
    words = ("plan", "start", plan_env.customer_id, "--tier", "self_hosted_complimentary", "--schedule", "annual")
    refused = await terminal(*words, "--end-date", "2199-01-31", "--test-clock", plan_env.clock_id)

    assert (plan["status"], plan["end_date"]) == ("active", "2026-03-15T09:30:00Z")
    assert (refused.code, "is for self_hosted deployments" in refused.err) == (1, True)


@pytest.mark.full
async def test_a_new_server_starts_with_twelve_months_of_discount_and_a_realm_without(
    plan_env: PlanEnvironment, server_plan_env: PlanEnvironment
) -> None:
    await server_plan_env.seats(12, BEGIN - DAY)
    await server_plan_env.plan(BASIC)
    await plan_env.plan(by_hand(12))

    assert [invoice.total for invoice in await server_plan_env.closed()] == [12 * 350 - 2000]
    assert [invoice.total for invoice in await plan_env.closed()] == [12 * 800]
    customer = await server_plan_env.env.engine.queries.customers.get(
        server_plan_env.org_id, server_plan_env.customer_id
    )
    assert customer.pricing.flat_discounted_months == 11

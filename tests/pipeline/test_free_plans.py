"""Complimentary access, community plans, and what may follow them."""

from dataclasses import replace

import httpx
import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import CancelScheduledChange, ScheduleTierAtPlanEnd, SetEndDate, UpgradeTierNow
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.purchasing import StartPlan
from billflow.models.contracts.customers import CustomerPricing
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import PlanFilter
from tests.pipeline.conftest import Typed
from tests.pipeline.story import BASIC, BEGIN, COMPLIMENTARY, DAY, NO_DISCOUNT, Story, by_hand

ENDS = add_months(BEGIN, 2)
COMMUNITY = StartPlan(tier="self_hosted_community", schedule=Schedule.ANNUAL)
BUSINESS = ScheduleTierAtPlanEnd(tier="self_hosted_business")


async def complimentary(story: Story, seats: int = 11) -> PlanState:
    """Start complimentary access for a server that reports its seats, without the new customer's discount."""
    await story.price(NO_DISCOUNT)
    await story.seats(seats, BEGIN - DAY)
    return await story.plan(COMPLIMENTARY)


async def test_complimentary_access_costs_nothing_and_ends_on_its_day(server_story: Story) -> None:
    story = server_story
    plan = await complimentary(story)
    assert (plan.status, plan.price_per_license, plan.next_invoice_date) == (PlanStatus.ACTIVE, 0, ENDS)

    await story.advance(ENDS - DAY)
    before = await story.state(plan)
    await story.advance(ENDS)

    assert (before.status, (await story.state(plan)).status) == (PlanStatus.ACTIVE, PlanStatus.ENDED)
    assert await story.invoices() == []


async def test_extending_complimentary_access_moves_its_end(server_story: Story) -> None:
    story = server_story
    plan = await complimentary(story)

    await story.command(plan, SetEndDate(end_date=add_months(BEGIN, 4)))
    await story.advance(ENDS + DAY)

    state = await story.state(plan)
    assert (state.status, state.next_invoice_date) == (PlanStatus.ACTIVE, add_months(BEGIN, 4))


async def test_a_paid_plan_follows_complimentary_access_on_its_last_day_with_the_discount(server_story: Story) -> None:
    story = server_story
    plan = await complimentary(story)
    await story.price(CustomerPricing(flat_discounted_months=12))
    await story.command(plan, BUSINESS)
    page = await story.house.engine.archive.plans(
        story.org_id, PlanFilter(customer_id=story.customer_id, status=PlanStatus.NEVER_STARTED)
    )
    assert [(found.tier, found.billing_cycle_anchor) for found in page.rows] == [("self_hosted_business", ENDS)]

    await story.seats(11, ENDS)
    await story.advance(ENDS)

    old, new = await story.plans()
    assert (old.status, new.status, new.licenses) == (PlanStatus.ENDED, PlanStatus.ACTIVE, 25)
    assert [invoice.total for invoice in await story.settled()] == [25 * 8000 - 24_000]


async def test_a_scheduled_plan_that_is_cancelled_never_starts(server_story: Story) -> None:
    story = server_story
    plan = await complimentary(story)
    await story.command(plan, BUSINESS)

    await story.command(plan, CancelScheduledChange())
    await story.advance(ENDS)

    assert [found.status for found in await story.plans()] == [PlanStatus.ENDED, PlanStatus.ENDED]
    assert await story.invoices() == []


async def test_upgrading_at_once_ends_complimentary_access_without_a_credit(server_story: Story) -> None:
    story = server_story
    plan = await complimentary(story)
    await story.advance(BEGIN + 5 * DAY)

    upgraded = await story.command(plan, UpgradeTierNow(tier="self_hosted_basic", schedule=Schedule.MONTHLY))

    assert upgraded.successor is not None
    assert (upgraded.state.status, upgraded.successor.licenses) == (PlanStatus.ENDED, 11)
    assert [invoice.total for invoice in await story.settled()] == [11 * 350]
    assert (await story.credits()).credits == ()


async def test_basic_to_business_at_once_ends_basic_and_credits_the_rest_of_its_month(server_story: Story) -> None:
    story = server_story
    await story.price(NO_DISCOUNT)
    await story.seats(12, BEGIN - DAY)
    basic = await story.plan(BASIC)
    await story.advance(BEGIN + 10 * DAY)

    upgraded = await story.command(basic, UpgradeTierNow(tier="self_hosted_business"))

    credit = -(-12 * 350 * 21 // 31)
    purchase, business = await story.settled()
    assert (upgraded.state.status, purchase.total) == (PlanStatus.ENDED, 12 * 350)
    assert (business.total, business.amount_due) == (25 * 800, 25 * 800 - credit)
    assert (await story.credits()).credits[0].amount == credit


async def test_a_community_plan_is_never_billed_nor_visited(server_story: Story) -> None:
    story = server_story
    await story.seats(500, BEGIN - DAY)

    plan = await story.plan(COMMUNITY)
    await story.advance(add_months(BEGIN, 25))

    state = await story.state(plan)
    assert (state.status, state.due_at, state.licenses) == (PlanStatus.ACTIVE, None, 500)
    assert await story.invoices() == []


async def test_a_free_plan_starts_without_seat_data(server_story: Story) -> None:
    assert (await server_story.plan(COMMUNITY)).licenses == 0


async def test_complimentary_access_needs_an_end(server_story: Story) -> None:
    with pytest.raises(InvalidInput) as refused:
        await server_story.start(replace(COMPLIMENTARY, end_date=None))

    assert refused.value.code == "no_end_date"


async def test_complimentary_access_is_given_over_http_and_by_hand(
    story: Story, server_story: Story, api: httpx.AsyncClient, terminal: Typed
) -> None:
    asked = {
        "customer_id": server_story.customer_id,
        "tier": "self_hosted_complimentary",
        "schedule": "annual",
        "end_date": ENDS.isoformat(),
        "test_clock_id": server_story.clock_id,
    }

    plan = (await api.post("/api/v1/plans", json=asked)).json()["plan"]
    words = ("plan", "start", story.customer_id, "--tier", "self_hosted_complimentary", "--schedule", "annual")
    refused = await terminal(*words, "--end-date", "2199-01-31", "--clock", story.clock_id)

    assert (plan["status"], plan["end_date"]) == ("active", "2026-03-15T09:30:00Z")
    assert (refused.code, "is for self_hosted deployments" in refused.err) == (1, True)


async def test_a_new_server_starts_with_twelve_months_of_discount_and_a_realm_without(
    story: Story, server_story: Story
) -> None:
    await server_story.seats(12, BEGIN - DAY)
    await server_story.plan(BASIC)
    await story.plan(by_hand(12))

    assert [invoice.total for invoice in await server_story.settled()] == [12 * 350 - 2000]
    assert [invoice.total for invoice in await story.settled()] == [12 * 800]
    customer = await server_story.house.engine.archive.customer(server_story.org_id, server_story.customer_id)
    assert customer.pricing.flat_discounted_months == 11

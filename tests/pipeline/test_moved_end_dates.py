"""What is scheduled, taken back and moved, on the whole engine: right amounts in rows, at Stripe and on paper."""

from dataclasses import replace
from datetime import datetime

import pytest

from billflow.domain.commands import (
    CancelScheduledChange,
    RemoveEndDate,
    ScheduleTierAtPlanEnd,
    SetEndDate,
)
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.plan import Schedule
from billflow.models.contracts.customers import CustomerPricing
from billflow.models.contracts.records import InvoiceDetail
from tests.domain.builders import at
from tests.pipeline.environment import BASIC, MONTHLY, PlanEnvironment, by_hand

ANNUAL = replace(MONTHLY, schedule=Schedule.ANNUAL)


def amounts(invoice: InvoiceDetail) -> list[tuple[LineKind, int]]:
    return [(line.kind, line.amount) for line in invoice.lines]


@pytest.mark.full
async def test_a_tier_that_is_taken_back_leaves_three_licenses_for_the_renewal(plan_env: PlanEnvironment) -> None:
    await plan_env.seats(3)
    plan = await plan_env.plan(MONTHLY)
    await plan_env.command(plan, SetEndDate(end_date=at("2026-02-15T09:30")))
    await plan_env.command(plan, ScheduleTierAtPlanEnd(tier="cloud_plus"))
    await plan_env.command(plan, CancelScheduledChange())
    await plan_env.command(plan, SetEndDate(end_date=at("2027-02-15T09:30")))
    await plan_env.advance(at("2026-02-16"))

    assert [invoice.total for invoice in await plan_env.closed()] == [3 * 800, 3 * 800]
    assert [(entry.licenses, entry.licenses_at_next_renewal) for entry in await plan_env.ledger(plan)] == [
        (3, 3),
        (3, 10),
        (3, 3),
        (3, 3),
    ]


@pytest.mark.full
async def test_an_annual_plan_is_billed_monthly_again_once_its_tier_is_taken_back(plan_env: PlanEnvironment) -> None:
    await plan_env.seats(10)
    plan = await plan_env.plan(ANNUAL)
    await plan_env.command(plan, SetEndDate(end_date=at("2027-01-15T09:30")))
    await plan_env.command(plan, ScheduleTierAtPlanEnd(tier="cloud_plus"))
    await plan_env.command(plan, CancelScheduledChange())
    await plan_env.seats(20, at=at("2026-01-25T09:30"))
    await plan_env.advance(at("2026-02-16"))

    assert [invoice.total for invoice in await plan_env.closed()] == [80_000, 10 * 7781]  # 8000 x 355 of 365 days


async def with_an_end(plan_env: PlanEnvironment, ends: datetime) -> None:
    """Start a year of ten licenses that ends then; an eleventh is billed up to it on 15 March."""
    await plan_env.seats(10)
    plan = await plan_env.plan(ANNUAL)
    await plan_env.command(plan, SetEndDate(end_date=ends))
    await plan_env.seats(11, at=at("2026-03-05T09:30"))
    await plan_env.advance(at("2026-03-16"))


async def test_a_later_end_is_topped_up_and_explained_everywhere(plan_env: PlanEnvironment) -> None:
    await with_an_end(plan_env, at("2026-07-02T21:30"))
    [plan] = await plan_env.plans()
    await plan_env.command(plan, RemoveEndDate())
    forecast = await plan_env.env.engine.plans.forecast(plan.ref, 1)
    await plan_env.advance(at("2026-04-16"))

    _, added, changed = await plan_env.closed()
    assert amounts(added) == [(LineKind.ADDITIONAL_LICENSES, 2619)]  # 8000 x 119.5 of 365 days
    assert amounts(changed) == [(LineKind.END_DATE_CHANGE, 6926 - 2619)]  # 8000 x 316 of 365 days
    assert [line.amount for line in forecast.invoices[0].lines] == [changed.total]
    assert [invoice.total for invoice in await plan_env.at_stripe()] == [80_000, 2619, 6926 - 2619]
    await plan_env.advance(at("2026-06-16"))
    assert len(await plan_env.invoices()) == 3


@pytest.mark.full
async def test_an_earlier_end_is_credited_to_the_balance_at_stripe(plan_env: PlanEnvironment) -> None:
    await with_an_end(plan_env, at("2026-12-31T09:30"))
    [plan] = await plan_env.plans()
    await plan_env.command(plan, SetEndDate(end_date=at("2026-06-01T09:30")))
    await plan_env.advance(at("2026-06-02"))

    _, added, changed = await plan_env.closed()
    owed = 6597 - 1929  # 8000 x 301 and 88 of 365 days
    assert amounts(added) == [(LineKind.ADDITIONAL_LICENSES, 6597)]
    assert amounts(changed) == [(LineKind.END_DATE_CHANGE, -owed), (LineKind.CREDIT_TO_BALANCE, owed)]
    assert changed.total == 0
    assert [(credit.amount, credit.reason) for credit in await plan_env.credits()] == [(owed, "end_date_change")]


@pytest.mark.full
async def test_a_discount_takes_no_more_than_is_charged(server_plan_env: PlanEnvironment) -> None:
    await server_plan_env.price(
        CustomerPricing(exempt_from_license_number_check=True, flat_discount=2000, flat_discounted_months=3)
    )
    await server_plan_env.plan(by_hand(2, BASIC))
    await server_plan_env.seats(2, at=at("2026-02-15T09:30"))
    await server_plan_env.advance(at("2026-02-16"))

    invoices = await server_plan_env.closed()
    assert [amounts(invoice) for invoice in invoices] == [
        [(LineKind.INITIAL_UPGRADE, 700), (LineKind.FLAT_DISCOUNT, -700)],
        [(LineKind.RENEWAL, 700), (LineKind.FLAT_DISCOUNT, -700)],
    ]
    assert await server_plan_env.stripe_balance() == 0
    assert await server_plan_env.discounted_months() == 1

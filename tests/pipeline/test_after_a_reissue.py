"""What builds on an invoice that was issued again: later additions, tiers, discounts and credits (rules 28.1)."""

import secrets
from dataclasses import replace

import pytest

from billflow.domain.commands import RemoveEndDate, SetEndDate, UpgradeTierNow
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.plan import Schedule
from billflow.models.contracts.customer_finances import CreditCreate
from billflow.models.contracts.customers import CustomerPricing, CustomerRef
from billflow.models.contracts.keys import KeyNamespace
from tests.domain.builders import at
from tests.pipeline.environment import BASIC, PlanEnvironment, by_hand
from tests.pipeline.reissues import ANNUAL, BY_MAIL, corrected, reissued
from tests.pipeline.test_credits import agree
from tests.sizes import further


@pytest.mark.full
async def test_what_is_billed_of_a_license_follows_the_corrected_price_when_the_end_date_moves(
    plan_env: PlanEnvironment,
) -> None:
    await plan_env.seats(10)
    plan = await plan_env.plan(ANNUAL)
    await plan_env.command(plan, SetEndDate(end_date=at("2026-07-02T21:30")))
    await plan_env.seats(11, at=at("2026-03-05T09:30"))
    await plan_env.advance(at("2026-03-16"))
    added = (await plan_env.closed())[-1]
    new = await reissued(plan_env, added, lines=corrected(of=added, price=7000))
    assert (added.total, new.total) == (2619, 2292)  # 8000 and 7000 x 119.5 of 365 days

    await plan_env.command(plan, RemoveEndDate())
    forecast = await plan_env.env.engine.plans.forecast(plan.ref, 1)
    await plan_env.advance(at("2026-04-16"))

    changed = (await plan_env.closed())[-1]
    assert [(line.kind, line.amount) for line in changed.lines] == [(LineKind.END_DATE_CHANGE, 6060 - 2292)]
    assert [line.amount for line in forecast.invoices[0].lines] == [6060 - 2292]  # 7000 x 316 of 365 days


@pytest.mark.full
async def test_a_correction_after_an_end_date_moved_is_made_good_for_the_whole_time(plan_env: PlanEnvironment) -> None:
    await plan_env.seats(10)
    plan = await plan_env.plan(ANNUAL)
    await plan_env.command(plan, SetEndDate(end_date=at("2026-07-02T21:30")))
    await plan_env.seats(11, at=at("2026-03-05T09:30"))
    await plan_env.advance(at("2026-03-16"))
    added = (await plan_env.closed())[-1]
    await plan_env.command(plan, RemoveEndDate())
    await plan_env.advance(at("2026-04-16"))
    await plan_env.closed()

    await reissued(plan_env, added, lines=corrected(of=added, price=7000))
    await plan_env.advance(at("2026-05-16"))

    changed = (await plan_env.closed())[-1]
    billed = 2292 + (6926 - 2619)
    assert [line.amount for line in changed.lines] == [6060 - billed, billed - 6060]  # a credit, put onto the balance


@pytest.mark.full
@pytest.mark.parametrize("method", ["balance", *further("refund")])
async def test_a_higher_tier_credits_what_the_corrected_invoice_was_over(
    plan_env: PlanEnvironment, method: str
) -> None:
    plan = await plan_env.plan(replace(by_hand(10), schedule=Schedule.ANNUAL))
    [purchase] = await plan_env.closed()
    new = await reissued(plan_env, purchase, lines=corrected(of=purchase, price=7000), refund_method=method)
    await plan_env.closed()
    assert (purchase.total, new.total) == (80_000, 70_000)

    decided = (await plan_env.env.engine.plans.preview(plan.ref, UpgradeTierNow(tier="cloud_plus"), None)).outcome

    assert decided.credit == 70_000


@pytest.mark.full
async def test_a_new_invoice_uses_the_discounted_months_of_the_old_one(server_plan_env: PlanEnvironment) -> None:
    await server_plan_env.price(
        CustomerPricing(exempt_from_license_number_check=True, flat_discount=2000, flat_discounted_months=3)
    )
    plan = await server_plan_env.plan(by_hand(10, BASIC))
    await server_plan_env.command(plan, BY_MAIL)
    await server_plan_env.seats(10, at=at("2026-02-15T09:30"))
    await server_plan_env.months(1)
    renewal = (await server_plan_env.sent())[-1]
    assert (renewal.total, await server_plan_env.discounted_months()) == (1500, 1)

    new = await reissued(server_plan_env, renewal, lines=corrected(of=renewal, licenses=5))

    assert [line.amount for line in new.lines] == [5 * 350, -1750]
    assert await server_plan_env.discounted_months() == 1


@pytest.mark.full
async def test_the_credit_that_paid_the_old_invoice_pays_the_new_one(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.command(plan, BY_MAIL)
    ref = CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    granted = CreditCreate(amount=3000, reason="sorry")
    key = KeyNamespace.CLIENT.key(secrets.token_hex(8))
    await plan_env.env.engine.repositories.credits.grant(ref, granted, key, await plan_env.change())
    await plan_env.months(1)
    renewal = (await plan_env.sent())[-1]
    assert renewal.balance_applied == 3000

    new = await reissued(plan_env, renewal, lines=corrected(of=renewal, licenses=12))

    assert (new.total, new.balance_applied, new.amount_due) == (9600, 3000, 6600)
    await agree(plan_env)

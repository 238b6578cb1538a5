"""Coupons on the whole engine: a card that is declined gives one back, an invoice that is issued again keeps it."""

import secrets
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billflow.domain.coupons import CouponDuration, CouponEnd
from billflow.models.contracts.coupons import CouponAttach, CouponCreate, RedemptionRecord
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.invoices import Declined, InvoiceStatus
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from tests.pipeline.environment import MONTHLY, PlanEnvironment, by_hand
from tests.pipeline.reissues import BY_MAIL, corrected, reissued

THREE_MONTHS: dict[str, Any] = {"duration": CouponDuration.REPEATING, "duration_in_months": 3}


async def a_code(plan_env: PlanEnvironment, **terms: Any) -> str:
    code = f"OFF-{secrets.token_hex(4)}"
    new = CouponCreate.model_validate({"code": code, "percent_off": Decimal("12.5"), **terms})
    await plan_env.env.engine.repositories.coupons.create(plan_env.org_id, new, await plan_env.change())
    return code


async def attached(plan_env: PlanEnvironment, code: str) -> None:
    customer = CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    await plan_env.env.engine.repositories.coupons.attach(customer, CouponAttach(coupon=code), await plan_env.change())


async def redemptions(plan_env: PlanEnvironment) -> tuple[RedemptionRecord, ...]:
    customer = CustomerRef(org_id=plan_env.org_id, customer_id=plan_env.customer_id)
    return await plan_env.env.engine.repositories.coupons.of_customer(customer)


@pytest.mark.full
async def test_a_card_that_is_declined_gives_the_coupon_back_and_the_next_one_pays_less(
    plan_env: PlanEnvironment,
) -> None:
    code = await a_code(plan_env, max_redemptions=1)
    await plan_env.env.give_card(plan_env.customer_id, DECLINING_CARD)
    wish = replace(by_hand(10), coupon=code)

    declined = await plan_env.start(wish)
    failed = await redemptions(plan_env)
    await plan_env.env.give_card(plan_env.customer_id, GOOD_CARD)
    await plan_env.plan(wish)

    assert isinstance(declined.outcome, Declined)
    assert [(one.months_left, one.end_reason) for one in failed] == [(1, CouponEnd.PURCHASE_FAILED)]
    void, paid = await plan_env.closed()
    assert (void.status, paid.status, paid.total) == (InvoiceStatus.VOID, InvoiceStatus.PAID, 7000)
    assert [(line.amount, line.description) for line in (await plan_env.at_stripe())[-1].lines.data] == [
        (8000, "Cloud Standard (10 x USD 8)"),
        (-1000, f"Coupon {code}: 12.5% off"),
    ]


@pytest.mark.full
async def test_a_renewal_that_is_issued_again_keeps_its_discount_and_its_month(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(10, MONTHLY))
    await plan_env.command(plan, BY_MAIL)
    await attached(plan_env, await a_code(plan_env, **THREE_MONTHS))
    await plan_env.months(1)
    renewal = (await plan_env.sent())[-1]
    assert ([line.amount for line in renewal.lines], renewal.coupon_months) == ([8000, -1000], 1)

    new = await reissued(plan_env, renewal, lines=corrected(of=renewal, licenses=8))

    assert ([line.amount for line in new.lines], new.total, new.coupon_months) == ([6400, -800], 5600, 1)
    assert [one.months_left for one in await redemptions(plan_env)] == [2]
    assert [(held.total, held.status) for held in (await plan_env.at_stripe())[-2:]] == [(7000, "void"), (5600, "open")]

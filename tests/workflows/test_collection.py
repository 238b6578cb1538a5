"""Unpaid invoices: the card is tried again by the policy, and the customer can end it at any time by paying."""

from datetime import timedelta

import pytest

from billflow.domain.dunning import DunningPolicy
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from tests.api_environment import until
from tests.workflows.skipping import SkippingEnvironment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def declined_renewal(env: SkippingEnvironment) -> tuple[CustomerRecord, InvoiceDetail]:
    """Let a plan renew on a card that no longer pays."""
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    await env.give_card(customer.customer_id, DECLINING_CARD)
    assert plan.due_at
    await env.leap_to(plan.due_at + HOUR)
    invoice = await newest(env, customer)
    assert invoice.status is InvoiceStatus.OPEN
    assert invoice.attempts >= 1, "a day more may pass on a busy machine, which is seldom"
    return customer, invoice


async def newest(env: SkippingEnvironment, customer: CustomerRecord) -> InvoiceDetail:
    """Return the customer's newest invoice."""
    return (await env.invoices(customer))[-1]


@pytest.mark.full
async def test_a_declined_card_is_tried_again_after_1_3_5_and_7_days_and_then_no_more(env: SkippingEnvironment) -> None:
    customer, _ = await declined_renewal(env)

    await env.leap(timedelta(days=29))

    invoice = await newest(env, customer)
    assert invoice.status is InvoiceStatus.OPEN
    tried = [attempt.at for attempt in invoice.payment_attempts]
    assert [round((at - tried[0]) / DAY) for at in tried] == [0, 1, 3, 5, 7]
    asked = (await env.control("GET", "/requests?operation=invoice.pay"))["data"]
    # A request may come twice where time leapt while it was under way; its key makes it one payment.
    keys = {call["idempotency_key"] for call in asked if invoice.invoice_id in call["idempotency_key"]}
    assert keys == {f"invoice/{invoice.invoice_id}/pay/{attempt}" for attempt in range(1, 6)}


@pytest.mark.full
async def test_paying_at_stripe_ends_the_collection_which_leaves_the_card_alone(env: SkippingEnvironment) -> None:
    customer, invoice = await declined_renewal(env)
    await env.leap(timedelta(days=2))
    tried = (await newest(env, customer)).attempts

    await env.engine.stripe.v1.invoices.pay_async(invoice.stripe_invoice_id or "", {"paid_out_of_band": True})
    assert await env.collection(invoice).result() == InvoiceStatus.PAID

    paid = await newest(env, customer)
    assert (paid.status, len(paid.payment_attempts)) == (InvoiceStatus.PAID, tried)
    assert 2 <= tried <= 4, "a day or more after the first failed charge, before the last retry on its seventh day"


@pytest.mark.full
async def test_a_new_card_pays_the_open_invoice_at_once(env: SkippingEnvironment) -> None:
    customer, invoice = await declined_renewal(env)

    await env.give_card(customer.customer_id, GOOD_CARD)
    await env.engine.collection.retry_payments(env.org_id, customer.customer_id)

    async def is_paid() -> bool:
        return (await newest(env, customer)).status is InvoiceStatus.PAID

    await until(is_paid)
    assert [held.amount_paid for held in await env.at_stripe(customer)] == [8000, 8000]
    assert await env.collection(invoice).result() == InvoiceStatus.PAID


@pytest.mark.full
async def test_where_the_policy_suspends_nobody_an_unpaid_invoice_does_not_keep_the_plan_from_renewing(
    env: SkippingEnvironment,
) -> None:
    patient = DunningPolicy(suspend_customer=False, end_plan_after_days=None)
    await env.engine.repositories.dunning.set_policy(env.org_id, patient)
    customer, _ = await declined_renewal(env)

    await env.months(2)

    statuses = [invoice.status for invoice in await env.invoices(customer)]
    assert statuses == [InvoiceStatus.PAID, *[InvoiceStatus.OPEN] * 3]

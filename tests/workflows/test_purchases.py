"""Buying a plan: it starts when it is paid, and only then."""

import pytest

from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import Declined, InvoiceStatus, Paid
from billflow.payments.sandbox import DECLINING_CARD
from tests.api_environment import until
from tests.environment import BY_INVOICE
from tests.workflows.skipping import SkippingEnvironment


async def test_a_purchase_by_a_good_card_is_answered_as_paid_with_a_running_plan(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)

    bought = await env.buy(customer)

    assert isinstance(bought.outcome, Paid)
    assert (bought.outcome.amount_paid, bought.state.status, bought.state.licenses) == (8000, PlanStatus.ACTIVE, 10)


@pytest.mark.full
async def test_a_declined_purchase_ends_the_plan_and_voids_the_invoice_on_both_sides(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(card=DECLINING_CARD)

    bought = await env.buy(customer)

    assert isinstance(bought.outcome, Declined)
    assert (await env.workflow(bought.state).result()).status is PlanStatus.ENDED
    assert [invoice.status for invoice in await env.invoices(customer)] == [InvoiceStatus.VOID]
    assert [held.status for held in await env.at_stripe(customer)] == ["void"]


@pytest.mark.full
async def test_the_same_key_buys_once_however_often_it_is_asked(env: SkippingEnvironment) -> None:
    customer = await env.subscriber()
    ask = await env.ask(customer)

    first = await env.engine.plans.start(ask)
    again = await env.engine.plans.start(ask)

    assert again.state.plan_id == first.state.plan_id
    assert len(await env.at_stripe(customer)) == 1


async def test_a_purchase_by_invoice_starts_the_plan_when_stripe_says_it_is_paid(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, BY_INVOICE)
    await until(env.is_quiet)
    [sent] = await env.at_stripe(customer)
    assert (plan.status, sent.status) == (PlanStatus.NEVER_STARTED, "open")

    await env.engine.stripe.v1.invoices.pay_async(sent.id, {"paid_out_of_band": True})

    async def runs() -> bool:
        return (await env.state(plan)).status is PlanStatus.ACTIVE

    await until(runs)
    [invoice] = await env.invoices(customer)
    assert (invoice.total, invoice.status) == (8000, InvoiceStatus.PAID)
    assert await env.collection(invoice).result() == InvoiceStatus.PAID


@pytest.mark.full
async def test_a_purchase_by_invoice_that_is_voided_at_stripe_never_starts(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, BY_INVOICE)
    await until(env.is_quiet)
    [sent] = await env.at_stripe(customer)

    await env.engine.stripe.v1.invoices.void_invoice_async(sent.id)

    assert (await env.workflow(plan).result()).status is PlanStatus.ENDED
    assert [invoice.status for invoice in await env.invoices(customer)] == [InvoiceStatus.VOID]

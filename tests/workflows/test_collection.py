"""Unpaid invoices: the card is tried again by the policy, and the customer can end it at any time by paying."""

from datetime import timedelta

from billflow.domain.dunning import DunningPolicy
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from tests.engine_fixtures import until
from tests.workflows.skipping import SkippingWorld

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def declined_renewal(world: SkippingWorld) -> tuple[CustomerRecord, InvoiceDetail]:
    """Let a plan renew on a card that no longer pays."""
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer)
    await world.give_card(customer.customer_id, DECLINING_CARD)
    assert plan.due_at
    await world.leap_to(plan.due_at + HOUR)
    invoice = await newest(world, customer)
    assert (invoice.status, invoice.attempts) == (InvoiceStatus.OPEN, 1)
    return customer, invoice


async def newest(world: SkippingWorld, customer: CustomerRecord) -> InvoiceDetail:
    """Return the customer's newest invoice."""
    return (await world.invoices(customer))[-1]


async def test_a_declined_card_is_tried_again_after_1_3_5_and_7_days_and_then_no_more(world: SkippingWorld) -> None:
    customer, _ = await declined_renewal(world)

    await world.leap(timedelta(days=29))

    invoice = await newest(world, customer)
    assert invoice.status is InvoiceStatus.OPEN
    tried = [attempt.at for attempt in invoice.payment_attempts]
    assert [round((at - tried[0]) / DAY) for at in tried] == [0, 1, 3, 5, 7]
    asked = (await world.control("GET", "/requests?operation=invoice.pay"))["data"]
    # A request may come twice where time leapt while it was under way; its key makes it one payment.
    keys = {call["idempotency_key"] for call in asked if invoice.invoice_id in call["idempotency_key"]}
    assert keys == {f"invoice/{invoice.invoice_id}/pay/{attempt}" for attempt in range(1, 6)}


async def test_paying_at_stripe_ends_the_collection_which_leaves_the_card_alone(world: SkippingWorld) -> None:
    customer, invoice = await declined_renewal(world)
    await world.leap(timedelta(days=2))

    await world.engine.stripe.v1.invoices.pay_async(invoice.stripe_invoice_id or "", {"paid_out_of_band": True})
    assert await world.collection(invoice).result() == InvoiceStatus.PAID

    paid = await newest(world, customer)
    assert (paid.status, len(paid.payment_attempts)) == (InvoiceStatus.PAID, 2)


async def test_a_new_card_pays_the_open_invoice_at_once(world: SkippingWorld) -> None:
    customer, invoice = await declined_renewal(world)

    await world.give_card(customer.customer_id, GOOD_CARD)
    await world.engine.billing.retry_payments(world.org_id, customer.customer_id)

    async def is_paid() -> bool:
        return (await newest(world, customer)).status is InvoiceStatus.PAID

    await until(is_paid)
    assert [held.amount_paid for held in await world.at_stripe(customer)] == [8000, 8000]
    assert await world.collection(invoice).result() == InvoiceStatus.PAID


async def test_where_the_policy_suspends_nobody_an_unpaid_invoice_does_not_keep_the_plan_from_renewing(
    world: SkippingWorld,
) -> None:
    patient = DunningPolicy(suspend_customer=False, end_plan_after_days=None)
    await world.engine.books.set_dunning_policy(world.org_id, patient)
    customer, _ = await declined_renewal(world)

    await world.months(2)

    statuses = [invoice.status for invoice in await world.invoices(customer)]
    assert statuses == [InvoiceStatus.PAID, *[InvoiceStatus.OPEN] * 3]

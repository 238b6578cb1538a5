"""Buying a plan: it starts when it is paid, and only then."""

from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import Declined, InvoiceStatus, Paid
from billflow.payments.sandbox import DECLINING_CARD
from tests.engine_fixtures import until
from tests.workflows.skipping import SkippingWorld
from tests.world import BY_INVOICE


async def test_a_purchase_by_a_good_card_is_answered_as_paid_with_a_running_plan(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)

    bought = await world.buy(customer)

    assert isinstance(bought.outcome, Paid)
    assert (bought.outcome.amount_paid, bought.state.status, bought.state.licenses) == (8000, PlanStatus.ACTIVE, 10)


async def test_a_declined_purchase_ends_the_plan_and_voids_the_invoice_on_both_sides(world: SkippingWorld) -> None:
    customer = await world.subscriber(card=DECLINING_CARD)

    bought = await world.buy(customer)

    assert isinstance(bought.outcome, Declined)
    assert (await world.workflow(bought.state).result()).status is PlanStatus.ENDED
    assert [invoice.status for invoice in await world.invoices(customer)] == [InvoiceStatus.VOID]
    assert [held.status for held in await world.at_stripe(customer)] == ["void"]


async def test_the_same_key_buys_once_however_often_it_is_asked(world: SkippingWorld) -> None:
    customer = await world.subscriber()
    ask = await world.ask(customer)

    first = await world.engine.billing.start_plan(ask)
    again = await world.engine.billing.start_plan(ask)

    assert again.state.plan_id == first.state.plan_id
    assert len(await world.at_stripe(customer)) == 1


async def test_a_purchase_by_invoice_starts_the_plan_when_stripe_says_it_is_paid(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer, BY_INVOICE)
    await until(world.is_quiet)
    [sent] = await world.at_stripe(customer)
    assert (plan.status, sent.status) == (PlanStatus.NEVER_STARTED, "open")

    await world.engine.stripe.v1.invoices.pay_async(sent.id, {"paid_out_of_band": True})

    async def runs() -> bool:
        return (await world.state(plan)).status is PlanStatus.ACTIVE

    await until(runs)
    [invoice] = await world.invoices(customer)
    assert (invoice.total, invoice.status) == (8000, InvoiceStatus.PAID)
    assert await world.collection(invoice).result() == InvoiceStatus.PAID


async def test_a_purchase_by_invoice_that_is_voided_at_stripe_never_starts(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer, BY_INVOICE)
    await until(world.is_quiet)
    [sent] = await world.at_stripe(customer)

    await world.engine.stripe.v1.invoices.void_invoice_async(sent.id)

    assert (await world.workflow(plan).result()).status is PlanStatus.ENDED
    assert [invoice.status for invoice in await world.invoices(customer)] == [InvoiceStatus.VOID]

"""Suspended customers: boundaries pass without a charge, and billing resumes when they are let back in."""

from datetime import timedelta

from billflow.domain.calendar import add_months
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from tests.engine_fixtures import until
from tests.workflows.skipping import SkippingWorld


async def suspend(world: SkippingWorld, customer: CustomerRecord, plan: PlanState) -> None:
    """Suspend the customer, and wait until the plan has heard of it."""
    await world.engine.registry.suspend(world.org_id, customer.customer_id, await world.change())
    await world.engine.billing.customer_changed(world.org_id, customer.customer_id)

    async def knows() -> bool:
        seen: PlanState = await world.workflow(plan).query("state", result_type=PlanState)
        return seen.suspended

    await until(knows)


async def reactivate(world: SkippingWorld, customer: CustomerRecord, plan: PlanState) -> None:
    """Let the customer back in, and wait until billing has resumed."""
    await world.engine.registry.activate(world.org_id, customer.customer_id, await world.change())
    await world.engine.billing.customer_changed(world.org_id, customer.customer_id)

    async def resumed() -> bool:
        state = await world.state(plan)
        return not state.suspended and not state.resume_due

    await until(resumed)
    await until(world.is_quiet)


async def test_months_in_suspension_are_free_and_a_new_period_starts_at_reactivation(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer)
    await world.leap(timedelta(days=10))
    await suspend(world, customer, plan)

    await world.months(3)
    assert len(await world.invoices(customer)) == 1
    await reactivate(world, customer, plan)

    _, resumed = await world.invoices(customer)
    anchor = (await world.state(plan)).billing_cycle_anchor
    assert anchor > add_months(plan.billing_cycle_anchor, 3)
    assert (resumed.total, resumed.status, resumed.issued_at) == (8000, InvoiceStatus.PAID, anchor)
    await world.months(1)
    assert [invoice.lines[0].period_start for invoice in (await world.invoices(customer))[2:]] == [
        add_months(anchor, 1)
    ]


async def test_a_suspension_within_the_paid_period_leaves_the_grid_as_it_was(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer)
    await suspend(world, customer, plan)
    await world.leap(timedelta(days=10))
    await reactivate(world, customer, plan)

    await world.months(1)

    state = await world.state(plan)
    assert state.billing_cycle_anchor == plan.billing_cycle_anchor
    assert [invoice.total for invoice in await world.invoices(customer)] == [8000, 8000]

"""Suspended customers: billing dates pass without a charge, and billing resumes when they are let back in."""

from datetime import timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from tests.api_environment import until
from tests.workflows.skipping import SkippingEnvironment


async def suspend(env: SkippingEnvironment, customer: CustomerRecord, plan: PlanState) -> None:
    """Suspend the customer, and wait until the plan has heard of it."""
    await env.engine.repositories.customers.suspend(customer.ref, await env.change())
    await env.engine.plans.customer_changed(env.org_id, customer.customer_id)

    async def knows() -> bool:
        seen: PlanState = await env.workflow(plan).query("state", result_type=PlanState)
        return seen.suspended

    await until(knows)


async def reactivate(env: SkippingEnvironment, customer: CustomerRecord, plan: PlanState) -> None:
    """Let the customer back in, and wait until billing has resumed."""
    await env.engine.repositories.customers.activate(customer.ref, await env.change())
    await env.engine.plans.customer_changed(env.org_id, customer.customer_id)

    async def resumed() -> bool:
        state = await env.state(plan)
        return not state.suspended and not state.resume_due

    await until(resumed)
    await until(env.is_quiet)


@pytest.mark.full
async def test_months_in_suspension_are_free_and_a_new_period_starts_at_reactivation(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    await env.leap(timedelta(days=10))
    await suspend(env, customer, plan)

    await env.months(3)
    assert len(await env.invoices(customer)) == 1
    await reactivate(env, customer, plan)

    _, resumed = await env.invoices(customer)
    anchor = (await env.state(plan)).billing_cycle_anchor
    assert anchor > add_months(plan.billing_cycle_anchor, 3)
    assert (resumed.total, resumed.status, resumed.issued_at) == (8000, InvoiceStatus.PAID, anchor)
    await env.months(1)
    assert [invoice.lines[0].period_start for invoice in (await env.invoices(customer))[2:]] == [add_months(anchor, 1)]


@pytest.mark.full
async def test_a_suspension_within_the_paid_period_leaves_the_grid_as_it_was(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    await suspend(env, customer, plan)
    await env.leap(timedelta(days=10))
    await reactivate(env, customer, plan)

    await env.months(1)

    state = await env.state(plan)
    assert state.billing_cycle_anchor == plan.billing_cycle_anchor
    assert [invoice.total for invoice in await env.invoices(customer)] == [8000, 8000]

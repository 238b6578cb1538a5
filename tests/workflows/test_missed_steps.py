"""Steps whose answers were lost with their worker: the rows are ahead of the workflow, which takes in what they say."""

from datetime import UTC, datetime

import pytest

from billflow.activities.steps import StepActivities
from billflow.domain.calendar import add_months
from billflow.domain.commands import SwitchToAnnual, UpgradeTierNow
from billflow.models.contracts.customers import ChangeContext, CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import CloseCycleInput, CommandInput, ResumeInput
from tests.environment import MANUAL, Environment, request

BEGIN = datetime(2024, 1, 31, 10, 0, tzinfo=UTC)
DUE = add_months(BEGIN, 1)
"""The first billing date after the purchase."""


async def plan_at_its_date(env: Environment) -> tuple[CustomerRecord, PlanState]:
    """Buy a plan whose clock has come to a billing date in the rows, of which the workflow was not told."""
    customer = await env.subscriber()
    clock, plan = await env.plan_on_clock(customer, BEGIN, MANUAL)
    await env.advance(clock, BEGIN)
    await env.engine.repositories.test_clocks.advance(env.org_id, clock, DUE)
    return customer, plan


def lost(env: Environment) -> StepActivities:
    """Return what takes steps for a worker that dies before it tells the server."""
    return StepActivities(env.engine.repositories.plans)


async def come_to_rest(env: Environment, plan: PlanState) -> None:
    """Let the plan look at its rows, and wait until nothing is due or unsent."""
    await env.engine.plans.customer_changed(env.org_id, plan.customer_id)
    assert plan.test_clock_id
    await env.advance(plan.test_clock_id, DUE)


@pytest.mark.full
async def test_the_invoices_of_a_billing_date_are_sent_and_the_run_ends_with_its_period(dev_env: Environment) -> None:
    customer, plan = await plan_at_its_date(dev_env)
    before = (await dev_env.workflow(plan).describe()).run_id
    await lost(dev_env).close_cycle(CloseCycleInput(plan=plan.ref, at=DUE))

    await come_to_rest(dev_env, plan)

    assert [invoice.status for invoice in await dev_env.invoices(customer)] == [InvoiceStatus.PAID] * 2
    assert (await dev_env.workflow(plan).describe()).run_id != before


@pytest.mark.full
async def test_the_plan_that_took_over_is_started(dev_env: Environment) -> None:
    customer, plan = await plan_at_its_date(dev_env)
    await dev_env.command(plan, SwitchToAnnual())
    closed = await lost(dev_env).close_cycle(CloseCycleInput(plan=plan.ref, at=DUE))
    assert closed.successor

    await come_to_rest(dev_env, plan)

    assert [invoice.status for invoice in await dev_env.invoices(customer)] == [InvoiceStatus.PAID] * 2
    assert await dev_env.engine.control.is_running(dev_env.workflow(closed.successor).id)


@pytest.mark.full
async def test_the_invoice_of_a_resumption_is_sent(dev_env: Environment) -> None:
    customer, plan = await plan_at_its_date(dev_env)
    customers = dev_env.engine.repositories.customers
    await customers.suspend(customer.ref, ChangeContext(actor="tests", at=BEGIN))
    await customers.activate(customer.ref, ChangeContext(actor="tests", at=DUE))
    await lost(dev_env).resume(ResumeInput(plan=plan.ref, at=DUE))

    await come_to_rest(dev_env, plan)

    assert [invoice.status for invoice in await dev_env.invoices(customer)] == [InvoiceStatus.PAID] * 2


@pytest.mark.full
async def test_a_command_that_is_asked_for_again_gives_its_answer_and_its_invoice_is_collected_once(
    dev_env: Environment,
) -> None:
    customer = await dev_env.subscriber()
    clock, plan = await dev_env.plan_on_clock(customer, BEGIN, MANUAL)
    await dev_env.advance(clock, BEGIN)
    asked = request(UpgradeTierNow(tier="cloud_plus"))
    answered = await lost(dev_env).take_command(CommandInput(**dict(asked), plan=plan.ref, at=BEGIN))

    assert await dev_env.engine.plans.command(plan.ref, asked) == answered
    assert await dev_env.engine.plans.command(plan.ref, asked) == answered

    await dev_env.advance(clock, DUE)
    assert [invoice.status for invoice in await dev_env.invoices(customer)] == [InvoiceStatus.PAID] * 3
    assert [held.amount_paid for held in await dev_env.at_stripe(customer)] == [8000, 4000, 12000]

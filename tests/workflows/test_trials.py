"""Trials and how they end."""

from dataclasses import replace
from datetime import timedelta

from billflow.domain.commands import DowngradeAtEndOfFreeTrial, SwitchToAnnual
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.invoices import InvoiceStatus
from tests.workflows.skipping import SkippingWorld
from tests.world import MONTHLY

TRIAL = replace(MONTHLY, trial_days=30)


async def test_a_trial_by_card_costs_nothing_and_then_becomes_a_paid_plan(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer, TRIAL)
    assert (plan.status, await world.invoices(customer)) == (PlanStatus.FREE_TRIAL, [])
    trial_end = plan.billing_cycle_anchor + timedelta(days=30)

    await world.leap_to(trial_end + timedelta(hours=1))

    [invoice] = await world.invoices(customer)
    assert (invoice.total, invoice.status, invoice.issued_at) == (8000, InvoiceStatus.PAID, trial_end)
    state = await world.state(plan)
    assert (state.status, state.billing_cycle_anchor) == (PlanStatus.ACTIVE, trial_end)


async def test_a_trial_that_is_downgraded_ends_without_an_invoice(world: SkippingWorld) -> None:
    customer = await world.subscriber()
    plan = await world.plan(customer, TRIAL)
    await world.command(plan, DowngradeAtEndOfFreeTrial())

    await world.leap_to(plan.billing_cycle_anchor + timedelta(days=31))

    ended = await world.workflow(plan).result()
    assert (ended.status, await world.invoices(customer)) == (PlanStatus.ENDED, [])


async def test_a_trial_that_switches_to_annual_is_annual_at_once_and_bills_a_year(world: SkippingWorld) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer, TRIAL)

    switched = await world.command(plan, SwitchToAnnual())
    await world.leap_to(plan.billing_cycle_anchor + timedelta(days=31))

    assert (switched.successor or switched.state).schedule is Schedule.ANNUAL
    [invoice] = await world.invoices(customer)
    assert (invoice.total, invoice.status) == (80_000, InvoiceStatus.PAID)

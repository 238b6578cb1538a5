"""Trials and how they end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billflow.domain.commands import DowngradeAtEndOfFreeTrial, SwitchToAnnual
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.invoices import InvoiceStatus
from tests.environment import MONTHLY
from tests.workflows.skipping import SkippingEnvironment

TRIAL = replace(MONTHLY, trial_days=30)


async def test_a_trial_by_card_costs_nothing_and_then_becomes_a_paid_plan(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, TRIAL)
    assert (plan.status, await env.invoices(customer)) == (PlanStatus.FREE_TRIAL, [])
    trial_end = plan.billing_cycle_anchor + timedelta(days=30)

    await env.leap_to(trial_end + timedelta(hours=1))

    [invoice] = await env.invoices(customer)
    assert (invoice.total, invoice.status, invoice.issued_at) == (8000, InvoiceStatus.PAID, trial_end)
    state = await env.state(plan)
    assert (state.status, state.billing_cycle_anchor) == (PlanStatus.ACTIVE, trial_end)


@pytest.mark.full
async def test_a_trial_that_is_downgraded_ends_without_an_invoice(env: SkippingEnvironment) -> None:
    customer = await env.subscriber()
    plan = await env.plan(customer, TRIAL)
    await env.command(plan, DowngradeAtEndOfFreeTrial())

    await env.leap_to(plan.billing_cycle_anchor + timedelta(days=31))

    ended = await env.workflow(plan).result()
    assert (ended.status, await env.invoices(customer)) == (PlanStatus.ENDED, [])


@pytest.mark.full
async def test_a_trial_that_switches_to_annual_is_annual_at_once_and_bills_a_year(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, TRIAL)

    switched = await env.command(plan, SwitchToAnnual())
    await env.leap_to(plan.billing_cycle_anchor + timedelta(days=31))

    assert (switched.successor or switched.state).schedule is Schedule.ANNUAL
    [invoice] = await env.invoices(customer)
    assert (invoice.total, invoice.status) == (80_000, InvoiceStatus.PAID)

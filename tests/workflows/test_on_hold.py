"""A plan that can't go on waits, says why, and blocks nobody."""

from datetime import timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import Retry, SetLicensesAtRenewal
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.plans import PlanState
from tests.api_environment import until
from tests.environment import MANUAL
from tests.workflows.skipping import SkippingEnvironment


async def on_hold(env: SkippingEnvironment) -> tuple[CustomerRecord, PlanState]:
    """Let a plan with ten licenses come to its renewal with twelve people at work."""
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MANUAL)
    await env.report(customer, 12, await env.now() + timedelta(days=3))
    await env.months(1)
    state = await env.state(plan)
    assert state.attention
    assert state.attention.code == "renewal_licenses_below_current_users"
    return customer, plan


async def goes_on(env: SkippingEnvironment, customer: CustomerRecord, plan: PlanState) -> list[int]:
    """Wait until the plan is free, and return what its renewals billed; each at the moment it was due."""
    due = add_months(plan.billing_cycle_anchor, 1)

    async def is_free() -> bool:
        state = await env.state(plan)
        return state.attention is None and state.due_at != due

    await until(is_free)
    renewals = (await env.invoices(customer))[1:]
    assert [invoice.issued_at for invoice in renewals] == [due]
    return [invoice.total for invoice in renewals]


async def test_a_plan_on_hold_shows_why_it_waits_and_others_are_billed_meanwhile(env: SkippingEnvironment) -> None:
    other = await env.subscriber(seats=10)
    await env.plan(other)

    customer, plan = await on_hold(env)

    seen = await env.workflow(plan).query("state", result_type=PlanState)
    assert seen.attention == (await env.state(plan)).attention
    assert len(await env.invoices(customer)) == 1
    assert len(await env.invoices(other)) == 2


@pytest.mark.full
async def test_the_command_that_buys_enough_licenses_lets_a_plan_on_hold_go_on_at_once(
    env: SkippingEnvironment,
) -> None:
    customer, plan = await on_hold(env)

    await env.command(plan, SetLicensesAtRenewal(licenses=12))

    assert await goes_on(env, customer, plan) == [9600]


@pytest.mark.full
async def test_a_plan_on_hold_goes_on_by_itself_within_the_hour_after_its_cause_is_gone(
    env: SkippingEnvironment,
) -> None:
    customer, plan = await on_hold(env)
    await env.report(customer, 10, await env.now() - timedelta(seconds=1))
    pricing = customer.pricing.model_copy(update={"exempt_from_license_number_check": True})
    await env.engine.repositories.customers.set_pricing(customer.ref, pricing, await env.change())

    await env.leap(timedelta(minutes=65))

    assert await goes_on(env, customer, plan) == [8000]
    assert (await env.state(plan)).due_at == add_months(plan.billing_cycle_anchor, 2)


@pytest.mark.full
async def test_support_can_have_a_plan_on_hold_look_again_now(env: SkippingEnvironment) -> None:
    customer, plan = await on_hold(env)
    pricing = customer.pricing.model_copy(update={"exempt_from_license_number_check": True})
    await env.engine.repositories.customers.set_pricing(customer.ref, pricing, await env.change())

    await env.command(plan, Retry())

    assert await goes_on(env, customer, plan) == [8000]

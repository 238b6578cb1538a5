"""Plans that end, and plans that hand over to another."""

from datetime import timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import CancelScheduledChange, DowngradeAtEndOfCycle, EndNow, SwitchToAnnual
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.plans import PlanState
from tests.workflows.skipping import SkippingEnvironment


async def test_a_downgrade_lets_the_paid_cycle_run_out_and_then_ends_the_plan_and_its_workflow(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber()
    plan = await env.plan(customer)
    await env.months(2)
    await env.command(plan, DowngradeAtEndOfCycle())

    await env.leap(timedelta(days=10))
    assert (await env.state(plan)).status is PlanStatus.DOWNGRADE_AT_END_OF_CYCLE
    await env.months(3)

    assert (await env.workflow(plan).result()).status is PlanStatus.ENDED
    assert len(await env.invoices(customer)) == 3


@pytest.mark.full
async def test_a_downgrade_taken_back_leaves_the_plan_renewing(env: SkippingEnvironment) -> None:
    customer = await env.subscriber()
    plan = await env.plan(customer)
    await env.command(plan, DowngradeAtEndOfCycle())
    await env.command(plan, CancelScheduledChange())

    await env.months(2)

    assert [invoice.total for invoice in await env.invoices(customer)] == [8000] * 3


@pytest.mark.full
async def test_a_switch_to_annual_starts_the_successors_workflow_which_outlives_the_first_plan(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    await env.command(plan, SwitchToAnnual())

    await env.months(14)

    old, new = await env.plans(customer)
    assert (old.status, old.schedule) == (PlanStatus.ENDED, Schedule.MONTHLY)
    assert (new.status, new.schedule, new.predecessor_id) == (PlanStatus.ACTIVE, Schedule.ANNUAL, plan.plan_id)
    assert (await env.workflow(plan).result()).status is PlanStatus.ENDED
    state = await env.workflow(new).query("state", result_type=PlanState)
    assert state == PlanState(**new.model_dump(include=set(PlanState.model_fields)))
    purchase, *years = [(invoice.total, invoice.issued_at) for invoice in await env.invoices(customer)]
    assert purchase[0] == 8000
    assert years == [
        (80_000, add_months(old.billing_cycle_anchor, 1)),
        (80_000, add_months(old.billing_cycle_anchor, 13)),
    ]


async def test_ending_now_ends_the_workflow_and_forgets_the_next_billing_date(env: SkippingEnvironment) -> None:
    customer = await env.subscriber()
    plan = await env.plan(customer)

    await env.command(plan, EndNow())
    ended = await env.workflow(plan).result()
    await env.leap(timedelta(days=90))

    assert (ended.status, ended.due_at) == (PlanStatus.ENDED, None)
    assert len(await env.invoices(customer)) == 1

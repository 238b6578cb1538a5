"""Plans that end, and plans that hand over to another."""

from datetime import timedelta

from billflow.domain.calendar import add_months
from billflow.domain.commands import CancelScheduledChange, DowngradeAtEndOfCycle, EndNow, SwitchToAnnual
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.plans import PlanState
from tests.workflows.skipping import SkippingWorld


async def test_a_downgrade_lets_the_paid_cycle_run_out_and_then_ends_the_plan_and_its_workflow(
    world: SkippingWorld,
) -> None:
    customer = await world.subscriber()
    plan = await world.plan(customer)
    await world.months(2)
    await world.command(plan, DowngradeAtEndOfCycle())

    await world.leap(timedelta(days=10))
    assert (await world.state(plan)).status is PlanStatus.DOWNGRADE_AT_END_OF_CYCLE
    await world.months(3)

    assert (await world.workflow(plan).result()).status is PlanStatus.ENDED
    assert len(await world.invoices(customer)) == 3


async def test_a_downgrade_taken_back_leaves_the_plan_renewing(world: SkippingWorld) -> None:
    customer = await world.subscriber()
    plan = await world.plan(customer)
    await world.command(plan, DowngradeAtEndOfCycle())
    await world.command(plan, CancelScheduledChange())

    await world.months(2)

    assert [invoice.total for invoice in await world.invoices(customer)] == [8000] * 3


async def test_a_switch_to_annual_starts_the_successors_workflow_which_outlives_the_first_plan(
    world: SkippingWorld,
) -> None:
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer)
    await world.command(plan, SwitchToAnnual())

    await world.months(14)

    old, new = await world.plans(customer)
    assert (old.status, old.schedule) == (PlanStatus.ENDED, Schedule.MONTHLY)
    assert (new.status, new.schedule, new.predecessor_id) == (PlanStatus.ACTIVE, Schedule.ANNUAL, plan.plan_id)
    assert (await world.workflow(plan).result()).status is PlanStatus.ENDED
    assert await world.workflow(new).query("state", result_type=PlanState) == new
    purchase, *years = [(invoice.total, invoice.issued_at) for invoice in await world.invoices(customer)]
    assert purchase[0] == 8000
    assert years == [
        (80_000, add_months(old.billing_cycle_anchor, 1)),
        (80_000, add_months(old.billing_cycle_anchor, 13)),
    ]


async def test_ending_now_ends_the_workflow_and_forgets_the_next_boundary(world: SkippingWorld) -> None:
    customer = await world.subscriber()
    plan = await world.plan(customer)

    await world.command(plan, EndNow())
    ended = await world.workflow(plan).result()
    await world.leap(timedelta(days=90))

    assert (ended.status, ended.due_at) == (PlanStatus.ENDED, None)
    assert len(await world.invoices(customer)) == 1

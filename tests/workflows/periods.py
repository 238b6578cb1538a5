"""One period of a plan on a real server, with a real timer of a few seconds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowHistory

from billflow.domain.purchasing import StartPlan
from billflow.temporal.ids import plan_workflow_id
from tests.engine_fixtures import until
from tests.workflows.histories import runs_of
from tests.world import World

SECONDS_TO_BOUNDARY = 3
TRIAL_DAYS = 30
RUNS = 3


def months_before(moment: datetime, months: int) -> datetime:
    """Return the same day and time so many months before, or one month earlier where there is no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    try:
        return moment.replace(year=year, month=month + 1)
    except ValueError:
        return months_before(moment, months + 1)


async def one_period(world: World, asked: StartPlan) -> WorkflowHistory:
    """Live through a boundary that is due in a few seconds, and return the run that waited for it.

    As of its dates the plan began with a trial that ended a month ago. Its first run is behind and catches up; the
    second one covers exactly one period, like every run of a plan that is not behind.
    """
    customer = await world.customer()
    paid_since = months_before(datetime.now(UTC) + timedelta(seconds=SECONDS_TO_BOUNDARY), 1)
    began_at = paid_since - timedelta(days=TRIAL_DAYS)
    await world.report(customer, 10, began_at)
    ask = await world.ask(customer, replace(asked, trial_days=TRIAL_DAYS))
    ask = ask.model_copy(update={"at": began_at})
    plan = (await world.engine.billing.start_plan(ask)).state

    async def has_passed() -> bool:
        state = await world.state(plan)
        return state.due_at is not None and state.due_at > datetime.now(UTC) + timedelta(days=1)

    async def is_over() -> bool:
        return len(await runs_of(world.temporal, plan_workflow_id(plan.plan_id))) == RUNS

    await until(has_passed)
    await until(is_over)
    return (await runs_of(world.temporal, plan_workflow_id(plan.plan_id)))[1]

"""One period of a plan on a real server, with a real timer of a few seconds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowHistory

from billflow.domain.plan_start import StartPlan
from billflow.temporal.ids import plan_workflow_id
from tests.api_environment import until
from tests.environment import Environment
from tests.workflows.histories import names_of, runs_of

SECONDS_TO_BILLING_DATE = (3, 10, 30, 90)
"""How long the plan waits; longer where a busy machine had not started it by then."""

LOST = {"WORKFLOW_TASK_TIMED_OUT", "WORKFLOW_TASK_FAILED"}
TRIAL_DAYS = 30
RUNS = 3


def months_before(moment: datetime, months: int) -> datetime:
    """Return the same day and time so many months before, or one month earlier where there is no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    try:
        return moment.replace(year=year, month=month + 1)
    except ValueError:
        return months_before(moment, months + 1)


async def one_period(env: Environment, asked: StartPlan) -> WorkflowHistory:
    """Live through a billing date that is due in a few seconds, and return the run that waited for it.

    A run that had nothing to wait for any more, or of which a busy worker lost a task, is no example of a period.
    """
    runs: list[WorkflowHistory] = []
    for seconds in SECONDS_TO_BILLING_DATE:
        runs = await _period(env, asked, seconds)
        if len(runs) == RUNS and "TIMER_FIRED" in (names := names_of(runs[1])) and LOST.isdisjoint(names):
            break
    return runs[1]


async def _period(env: Environment, asked: StartPlan, seconds: int) -> list[WorkflowHistory]:
    """Live through a billing date that is due in so many seconds, and return the runs up to the one that waits now.

    As of its dates the plan began with a trial that ended a month ago. Its first run is behind and catches up; the
    second one covers exactly one period, like every run of a plan that is not behind.
    """
    customer = await env.customer()
    paid_since = months_before(datetime.now(UTC) + timedelta(seconds=seconds), 1)
    began_at = paid_since - timedelta(days=TRIAL_DAYS)
    await env.report(customer, 10, began_at)
    ask = await env.ask(customer, replace(asked, trial_days=TRIAL_DAYS))
    ask = ask.model_copy(update={"at": began_at})
    plan = (await env.engine.plans.start(ask)).state

    async def has_passed() -> bool:
        state = await env.state(plan)
        return state.due_at is not None and state.due_at > datetime.now(UTC) + timedelta(days=1)

    async def waits() -> bool:
        names = names_of((await runs_of(env.temporal, plan_workflow_id(plan.plan_id)))[-1])
        return "TIMER_STARTED" in names and "TIMER_FIRED" not in names

    await until(has_passed)
    await until(waits)
    return await runs_of(env.temporal, plan_workflow_id(plan.plan_id))

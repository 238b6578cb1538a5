"""What fails for long is shown, costs little history, and heals by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer

from billflow.domain.calendar import add_months
from billflow.domain.commands import SetLicensesAtRenewal
from billflow.errors import StepFailing
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanInput, PlanState
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.search_attributes import NEEDS_ATTENTION
from billflow.temporal.workflow_starts import plan_workflow
from billflow.workflows.activity_execution import SEND_WINDOW
from billflow.workflows.failures import LONGEST_PAUSE
from billflow.workflows.plan import PlanWorkflow
from tests.api_environment import until
from tests.environment import MANUAL, ref
from tests.outages import database_away, stripe_down
from tests.sizes import sized
from tests.workflows.histories import names_of, runs_of, size_of
from tests.workflows.skipping import SkippingEnvironment

DAY_BYTES, DAY_EVENTS = 300 * 1024, 1500
TRIES_A_DAY = sized(6, 24, 24) * timedelta(hours=1) // LONGEST_PAUSE
"""The small size passes a quarter of the day."""

MORE_TRIES = 8
"""At first the pauses are shorter."""


async def attention_of(env: SkippingEnvironment, plan: PlanState) -> str:
    """Return the code under which a plan's workflow needs attention."""
    shown = await env.workflow(plan).query(PlanWorkflow.state)
    return shown.attention.code if shown.attention else ""


async def is_marked(handle: WorkflowHandle[Any, Any]) -> bool:
    """Tell whether a search finds the workflow among those that need attention."""
    return bool((await handle.describe()).typed_search_attributes.get(NEEDS_ATTENTION))


async def leap_a_day(env: SkippingEnvironment, plan: PlanState) -> None:
    """Let a day pass, a pause at a time: the server's time leaps on while a worker tries."""
    for _ in range(TRIES_A_DAY):
        before = await tries_of(env, plan)
        await env.leap(LONGEST_PAUSE)

        async def has_tried(before: int = before) -> bool:
            return await tries_of(env, plan) > before

        await until(has_tried)


async def tries_of(env: SkippingEnvironment, plan: PlanState) -> int:
    """Return how often steps of a plan have succeeded or failed."""
    return sum(names_of(run).count("MARKER_RECORDED") for run in await runs_of(env.temporal, env.workflow(plan).id))


async def replayed(runs: list[WorkflowHistory]) -> None:
    """Fail where a run can't be replayed."""
    replayer = Replayer(workflows=[PlanWorkflow], plugins=[billflow_plugin(strict_imports=True)])
    for run in runs:
        await replayer.replay_workflow(run)


@pytest.mark.full
async def test_a_day_without_postgresql_is_shown_and_costs_little_history_and_the_plan_heals_by_itself(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    due = add_months(plan.billing_cycle_anchor, 1)
    before = await runs_of(env.temporal, env.workflow(plan).id)

    async def is_failing() -> bool:
        return await attention_of(env, plan) == "step_failing"

    await until(env.is_quiet)
    async with database_away(env.database_url):
        await env.leap_until(is_failing, due - await env.now() + timedelta(minutes=2))
        await leap_a_day(env, plan)
        assert await is_failing()
        assert await is_marked(env.workflow(plan))
        runs = await runs_of(env.temporal, env.workflow(plan).id)

    spent = sum(map(size_of, runs)) - sum(map(size_of, before))
    events = sum(len(run.events) for run in runs) - sum(len(run.events) for run in before)
    assert spent < DAY_BYTES
    assert events < DAY_EVENTS

    async def has_healed() -> bool:
        return await attention_of(env, plan) == "" and not await is_marked(env.workflow(plan))

    await env.leap_until(has_healed, LONGEST_PAUSE + timedelta(minutes=1))
    await until(env.is_quiet)
    assert (await env.state(plan)).due_at == add_months(plan.billing_cycle_anchor, 2)
    assert [invoice.total for invoice in await env.invoices(customer)] == [8000, 8000]
    await replayed(await runs_of(env.temporal, env.workflow(plan).id))


@pytest.mark.full
async def test_a_plan_that_is_missing_in_the_rows_is_shown_and_tried_every_quarter_of_an_hour(
    env: SkippingEnvironment,
) -> None:
    plan = (await env.plan(await env.subscriber())).model_copy(
        update={"plan_id": str(uuid4()), "due_at": await env.now()}
    )
    await env.engine.control.start(plan_workflow(PlanInput(state=plan)))

    async def is_failing() -> bool:
        return await attention_of(env, plan) == "step_failing"

    await env.leap_until(is_failing, timedelta(minutes=2))
    shown = await env.workflow(plan).query(PlanWorkflow.state)
    await leap_a_day(env, plan)

    assert shown.attention is not None
    assert "NotFound" in shown.attention.message
    runs = await runs_of(env.temporal, env.workflow(plan).id)
    assert await tries_of(env, plan) <= TRIES_A_DAY + MORE_TRIES
    assert sum(map(size_of, runs)) < DAY_BYTES
    await replayed(runs)
    await env.workflow(plan).terminate()


@asynccontextmanager
async def steps_forbidden(env: SkippingEnvironment) -> AsyncIterator[None]:
    """Let no step of a plan be written, while everything can be read."""
    async with await psycopg.AsyncConnection.connect(env.database_url, autocommit=True) as owner:
        await owner.execute("REVOKE INSERT ON step FROM billflow_app")
        try:
            yield
        finally:
            await owner.execute("GRANT INSERT ON step TO billflow_app")


@pytest.mark.full
async def test_a_command_while_a_step_fails_is_told_to_come_again_and_taken_when_it_does(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MANUAL)
    command = SetLicensesAtRenewal(licenses=20)
    async with steps_forbidden(env):
        with pytest.raises(StepFailing) as failing:
            await env.command(plan, command, "once")
        assert await attention_of(env, plan) == "step_failing"
        assert await is_marked(env.workflow(plan))

    answer = await env.command(plan, command, "once")

    assert failing.value.retry_after == timedelta(minutes=1)
    assert answer.state.licenses_at_next_renewal == 20
    assert await attention_of(env, plan) == ""
    steps = [step for step in await env.engine.queries.plans.steps(ref(plan)) if step.kind == "command"]
    assert len(steps) == 1


@pytest.mark.full
async def test_a_plan_whose_failing_command_nobody_repeats_heals_by_itself(env: SkippingEnvironment) -> None:
    plan = await env.plan(await env.subscriber(seats=10), MANUAL)
    async with steps_forbidden(env):
        with pytest.raises(StepFailing):
            await env.command(plan, SetLicensesAtRenewal(licenses=20))

    async def has_healed() -> bool:
        return await attention_of(env, plan) == "" and not await is_marked(env.workflow(plan))

    await env.leap_until(has_healed, LONGEST_PAUSE)
    await replayed(await runs_of(env.temporal, env.workflow(plan).id))


@pytest.mark.full
async def test_a_collection_whose_requests_fail_is_shown_and_goes_on_by_itself(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    async with stripe_down(env):
        await env.leap(add_months(plan.billing_cycle_anchor, 1) - await env.now() + SEND_WINDOW)
        unsent = (await env.invoices(customer))[-1]
        collection = env.collection(unsent)

        async def is_shown() -> bool:
            return await is_marked(collection)

        await env.leap_until(is_shown, timedelta(hours=1))
        [run] = await runs_of(env.temporal, collection.id)

    await env.leap_until(env.is_quiet, timedelta(minutes=15))
    assert await collection.result() == InvoiceStatus.PAID
    assert not await is_marked(collection)
    assert names_of(run)[-1] == "ACTIVITY_TASK_SCHEDULED"  # what the server repeats costs no event

"""Many signals to one plan: none lost, none taken twice, and none before what is due or before a client that waits."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from temporalio.api.enums.v1 import PendingWorkflowTaskState
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer

from billflow.dev import temporal
from billflow.dev.folder import claimed
from billflow.domain.calendar import add_months
from billflow.domain.commands import SetLicensesAtRenewal
from billflow.errors import TooManyRequests
from billflow.models.contracts.plans import PlanInput, PlanState
from billflow.service import waiting_commands
from billflow.service.plans import PlanService
from billflow.temporal.plugin import billflow_plugin
from billflow.workflows import activity_execution
from billflow.workflows.plan import PlanWorkflow
from billflow.workflows.plan_steps import TOGETHER
from tests.accounts import differences
from tests.api_environment import until
from tests.environment import MANUAL, Environment, dev_server_environment, ref, request, working
from tests.outages import database_away
from tests.sizes import sized
from tests.workflows.histories import runs_of
from tests.workflows.test_commands_at_billing_dates import plan_row_locked, step_waits
from tests.workflows.test_failing_steps import is_marked

BEGIN = datetime(2024, 6, 15, 8, 0, tzinfo=UTC)
SIGNALS = sized(150, 500, 1500)
TURNS = 2
"""What may be taken before a command that was sent during the first turn: that turn, and one that had begun."""

SHORT = 40
"""Events after which the server of a test suggests to continue as new."""


@pytest.fixture
async def env(env_database_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield an environment whose workers a test starts and stops."""
    async with dev_server_environment(temporal_server, env_database_url, working=False) as env:
        yield env


@pytest.fixture
async def short_runs(
    env_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Environment]:
    """Yield an environment on a server that wants runs to be short."""
    suggestion = f"limit.historyCount.suggestContinueAsNew={SHORT}"
    monkeypatch.setattr(temporal, "_DYNAMIC_CONFIG", (*temporal._DYNAMIC_CONFIG, suggestion))
    with claimed(tmp_path) as lock:
        async with (
            temporal.embedded_temporal(tmp_path, lock, keep=False, ui_port=None) as server,
            dev_server_environment(server.address, env_database_url, working=False) as env,
        ):
            yield env


async def signal(env: Environment, plan: PlanState, name: str) -> None:
    """Leave a command with a plan's workflow, as a program with access to Temporal may."""
    await env.workflow(plan).signal("command", request(SetLicensesAtRenewal(licenses=20), name))


async def commands_taken(env: Environment, plan: PlanState) -> list[str]:
    """Return the commands that were taken, the first one first."""
    steps = await env.engine.queries.plans.steps(ref(plan))
    return [step.key.rsplit("/", 1)[1] for step in steps if step.kind == "command"]


async def until_taken(env: Environment, plan: PlanState, count: int) -> list[str]:
    """Wait until so many commands were taken, and return them."""

    query = "SELECT count(*) FROM step WHERE plan_id = %s AND kind = 'command'"
    async with await psycopg.AsyncConnection.connect(env.database_url, autocommit=True) as connection:

        async def are_taken() -> bool:
            row = await (await connection.execute(query, [plan.plan_id])).fetchone()
            return row is not None and row[0] >= count

        await until(are_taken)
    return await commands_taken(env, plan)


async def replayed(runs: list[WorkflowHistory]) -> None:
    """Fail where a run can't be replayed."""
    replayer = Replayer(workflows=[PlanWorkflow], plugins=[billflow_plugin(strict_imports=True)])
    for run in runs:
        await replayer.replay_workflow(run)


@pytest.mark.full
async def test_a_clients_command_is_taken_before_the_signals_that_wait(env: Environment) -> None:
    names = [f"signal-{number}" for number in range(SIGNALS)]
    async with working(env):
        plan = await env.plan(await env.subscriber(), MANUAL)
    for start in range(0, SIGNALS, 50):
        await asyncio.gather(*(signal(env, plan, name) for name in names[start : start + 50]))

    async with working(env):
        async with plan_row_locked(env, plan) as connection:
            await until(lambda: step_waits(connection))
            sent = asyncio.create_task(env.command(plan, SetLicensesAtRenewal(licenses=30), "update"))
            await asyncio.sleep(1)
        await sent
        taken = await until_taken(env, plan, SIGNALS + 1)

    assert taken.index("update") <= TURNS * TOGETHER
    assert sorted(taken) == sorted([*names, "update"])
    await replayed(await runs_of(env.temporal, env.workflow(plan).id))


@pytest.mark.full
async def test_signals_that_wait_when_a_run_ends_are_taken_by_the_next_one(short_runs: Environment) -> None:
    env, names = short_runs, [f"signal-{number}" for number in range(4 * TOGETHER)]
    async with working(env):
        plan = await env.plan(await env.subscriber(), MANUAL)
    for name in names:
        await signal(env, plan, name)

    async with working(env):
        taken = await until_taken(env, plan, len(names))

    assert taken == names
    runs = await runs_of(env.temporal, env.workflow(plan).id)
    assert max(map(carried, runs)) > 0
    await replayed(runs)


def input_of(run: WorkflowHistory) -> PlanInput:
    """Return what the run before had left to this one."""
    payload = run.events[0].workflow_execution_started_event_attributes.input.payloads[0]
    return PlanInput.model_validate_json(payload.data)


def carried(run: WorkflowHistory) -> int:
    """Return how many commands the run before had left to this one."""
    waiting = input_of(run).waiting
    return len(waiting.commands) if waiting else 0


async def holds_no_signal_back(workflow: WorkflowHandle[Any, Any]) -> bool:
    """Tell whether signals come into the history at once: those during a workflow task wait until it ends.

    A worker that stops may leave a task that it had begun; the server takes it back after ten seconds.
    """
    task = (await workflow.describe()).raw_description.pending_workflow_task
    return task.state != PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED


@pytest.mark.full
async def test_commands_are_left_by_signal_until_a_run_is_long_whichever_process_they_come_from(
    short_runs: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    most_events = 2 * SHORT
    monkeypatch.setattr(waiting_commands, "MOST_EVENTS", most_events)
    env, left = short_runs, list[str]()
    async with working(env):
        plan = await env.plan(await env.subscriber(), MANUAL)
    await until(lambda: holds_no_signal_back(env.workflow(plan)))
    another_process = PlanService(env.engine.control, env.engine.repositories, env.engine.queries)

    async def leave(plans: PlanService, name: str) -> None:
        await plans.signal(ref(plan), request(SetLicensesAtRenewal(licenses=20), name))
        left.append(name)

    async def leave_many() -> None:
        for number in range(most_events):
            await leave(env.engine.plans, f"signal-{number}")

    with pytest.raises(TooManyRequests) as refused:
        await leave_many()
    with pytest.raises(TooManyRequests):
        await leave(another_process, "from another process")
    assert refused.value.code == "too_many_commands"
    assert refused.value.retry_after

    async with working(env):
        assert await until_taken(env, plan, len(left)) == left
        await until(lambda: has_runs(env, plan, 2))
        await leave(another_process, "afterwards")
        assert await until_taken(env, plan, len(left)) == left


@pytest.mark.full
async def test_a_run_that_ends_while_its_step_fails_leaves_the_failure_and_the_inbox_to_the_next_one(
    short_runs: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_execution, "_QUICK", activity_execution._ONCE)  # a minute is too long to wait for
    env, names = short_runs, [f"signal-{number}" for number in range(2 * SHORT)]
    async with working(env):
        plan = await env.plan(await env.subscriber(), MANUAL)
        async with database_away(env.database_url):
            await signal(env, plan, names[0])
            await until(lambda: is_marked(env.workflow(plan)))
            await env.workflow(plan).signal(PlanWorkflow.customer_changed)
            for name in names[1:]:
                await signal(env, plan, name)
            await until(lambda: has_runs(env, plan, 2))
            shown = await env.workflow(plan).query(PlanWorkflow.state)
            assert await is_marked(env.workflow(plan))

        await env.workflow(plan).signal(PlanWorkflow.seats_reported)
        taken = await until_taken(env, plan, len(names))
        runs = await runs_of(env.temporal, env.workflow(plan).id)
        failure, waiting = input_of(runs[1]).failure, input_of(runs[1]).waiting
        assert failure is not None
        assert waiting is not None
        assert shown.attention is not None
        assert (shown.attention.code, shown.attention.since) == ("step_failing", failure.since)
        assert waiting.customer_changed
        assert [command.command_id for command in waiting.commands] == [
            request(SetLicensesAtRenewal(licenses=20), name).command_id for name in names[: len(waiting.commands)]
        ]
        assert taken == names
        await until(lambda: is_unmarked(env.workflow(plan)))
    await replayed(runs)


async def has_runs(env: Environment, plan: PlanState, count: int) -> bool:
    """Tell whether a plan's workflow has continued as new so often."""
    return len(await runs_of(env.temporal, env.workflow(plan).id)) >= count


async def is_unmarked(handle: WorkflowHandle[Any, Any]) -> bool:
    """Tell whether no search finds the workflow among those that need attention."""
    return not await is_marked(handle)


@pytest.mark.full
async def test_a_billing_date_is_billed_before_a_command_even_where_the_run_is_to_end(short_runs: Environment) -> None:
    env = short_runs
    async with working(env):
        customer = await env.customer()
        await env.report(customer, 10, BEGIN)
        clock, plan = await env.plan_on_clock(customer, BEGIN, MANUAL)
    for _ in range(SHORT):
        await env.workflow(plan).signal(PlanWorkflow.customer_changed)
    advancing = asyncio.create_task(env.advance(clock, add_months(BEGIN, 1)))

    async def clock_has_moved() -> bool:
        return (await env.state(plan)).clock_at == add_months(BEGIN, 1)

    await until(clock_has_moved)
    sent = asyncio.create_task(env.command(plan, SetLicensesAtRenewal(licenses=20)))
    await asyncio.sleep(1)
    async with working(env):
        await asyncio.gather(sent, advancing)

    steps = await env.engine.queries.plans.steps(ref(plan))
    assert [step.kind for step in steps if step.kind in ("close_cycle", "command")] == ["close_cycle", "command"]
    assert [invoice.total for invoice in await env.invoices(customer)] == [8000, 8000]
    assert (await env.state(plan)).licenses_at_next_renewal == 20
    assert await differences(env, customer, MANUAL, BEGIN) == ()
    await replayed(await runs_of(env.temporal, env.workflow(plan).id))

"""What a period costs on a real server: history events and their bytes, with a real timer (decision 0001)."""

from collections import Counter

import pytest
from temporalio.client import WorkflowHistory

from billflow.domain.commands import SetLicenses
from billflow.domain.errors import Refused
from billflow.domain.plan_start import StartPlan
from tests.environment import ANNUAL, MANUAL, MONTHLY, Environment
from tests.sizes import further
from tests.workflows.histories import names_of, runs_of, size_of
from tests.workflows.periods import one_period

BYTES = 6 * 1024 + 512
"""Of which 500 are the plan's version as a search attribute and the organization whose turn it is."""

ACTIONS = {
    "WORKFLOW_EXECUTION_STARTED",
    "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES",
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED",
    "WORKFLOW_EXECUTION_SIGNALED",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
    "ACTIVITY_TASK_SCHEDULED",
    "MARKER_RECORDED",
    "TIMER_STARTED",
}
"""What Temporal Cloud counts as an action of a workflow (docs/capacity.md)."""

REFUSALS = 10
REFUSAL_EVENTS, REFUSAL_BYTES = 5, 3 * 1024
"""Besides the three of the workflow task, which a slow machine may need twice."""


@pytest.mark.parametrize(
    ("asked", "events", "actions"), [*further((ANNUAL, 11, 3)), (MONTHLY, 17, 4)], ids=["without", "with"]
)
async def test_a_period_keeps_within_its_budget_of_events_actions_and_bytes(
    dev_env: Environment, asked: StartPlan, events: int, actions: int
) -> None:
    run = await one_period(dev_env, asked)

    names = names_of(run)
    assert names.count("TIMER_FIRED") == 1
    assert names.count("MARKER_RECORDED") == 1
    assert names.count("ACTIVITY_TASK_COMPLETED") == (1 if asked is MONTHLY else 0)
    assert names[-1] == "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
    assert "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES" not in names
    assert len(names) <= events
    assert sum(name in ACTIONS for name in names) <= actions
    assert size_of(run) <= BYTES


@pytest.mark.full
async def test_a_refused_command_costs_one_update_and_one_marker(dev_env: Environment) -> None:
    plan = await dev_env.plan(await dev_env.subscriber(), MANUAL)

    async def refuse(times: int) -> WorkflowHistory:
        for _ in range(times):
            with pytest.raises(Refused):
                await dev_env.command(plan, SetLicenses(licenses=1))
        [history] = await runs_of(dev_env.temporal, dev_env.workflow(plan).id)
        return history

    before, after = await refuse(1), await refuse(REFUSALS)
    spent = Counter(names_of(after)) - Counter(names_of(before))
    assert spent["MARKER_RECORDED"] == REFUSALS
    assert spent["WORKFLOW_EXECUTION_UPDATE_COMPLETED"] == REFUSALS
    tasks = sum(count for name, count in spent.items() if name.startswith("WORKFLOW_TASK"))
    # Whole ones: the plan may hear of its purchase's payment meanwhile.
    assert (spent.total() - tasks) // REFUSALS <= REFUSAL_EVENTS, spent
    assert (size_of(after) - size_of(before)) / REFUSALS <= REFUSAL_BYTES

"""What a period costs on a real server: history events and their bytes, with a real timer (decision 0001)."""

import pytest

from billflow.domain.plan_start import StartPlan
from tests.environment import ANNUAL, MONTHLY, Environment
from tests.workflows.histories import names_of, size_of
from tests.workflows.periods import one_period

BYTES = 6 * 1024 + 512
"""Of which 500 are the plan's version as a search attribute and the organization whose turn it is."""


@pytest.mark.parametrize(("asked", "events"), [(ANNUAL, 12), (MONTHLY, 18)], ids=["without", "with"])
async def test_a_period_keeps_within_its_budget_of_events_and_bytes(
    dev_env: Environment, asked: StartPlan, events: int
) -> None:
    run = await one_period(dev_env, asked)

    names = names_of(run)
    assert names.count("TIMER_FIRED") == 1
    assert names.count("MARKER_RECORDED") == 1
    assert names.count("ACTIVITY_TASK_COMPLETED") == (1 if asked is MONTHLY else 0)
    assert names[-1] == "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
    assert len(names) <= events
    assert size_of(run) <= BYTES

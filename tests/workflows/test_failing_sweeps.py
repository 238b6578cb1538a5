"""What nobody waits for is shown while it fails, and ends in time for the next run of its schedule."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError

from billflow.models.contracts.reconciliation import ReconciliationInput
from billflow.temporal.workflow_starts import (
    WorkflowStart,
    delivery_sweep_workflow,
    reconciliation_workflow,
    retention_workflow,
    seat_sweep_workflow,
)
from billflow.workflows import delivery, retention, seats
from billflow.workflows.activity_execution import BACKGROUND_WINDOW, PATIENT
from tests.outages import database_away
from tests.workflows.skipping import SkippingEnvironment
from tests.workflows.test_failing_steps import is_marked

SHOWN_WITHIN = timedelta(minutes=15)

SWEEPS: dict[str, tuple[Callable[[], WorkflowStart], timedelta]] = {
    "seats": (seat_sweep_workflow, seats.SWEEP_WINDOW),
    "delivery": (delivery_sweep_workflow, delivery.SWEEP_WINDOW),
    "retention": (retention_workflow, retention.WINDOW),
}


async def shown_and_over(env: SkippingEnvironment, start: WorkflowStart, window: timedelta) -> None:
    """Fail unless a workflow is shown while PostgreSQL is away, and over with the window of its one activity."""
    handle = env.temporal.get_workflow_handle(start.workflow_id)

    async def is_shown() -> bool:
        return await is_marked(handle)

    async with database_away(env.database_url):
        await env.engine.control.start(start)
        await env.leap_until(is_shown, SHOWN_WITHIN)
        await env.leap(window)
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    described = await handle.describe()
    assert described.close_time is not None
    longest_pause = PATIENT.maximum_interval
    assert longest_pause is not None
    assert window - longest_pause <= described.close_time - described.start_time <= window + longest_pause
    assert not await is_marked(handle)


@pytest.mark.parametrize("sweep", SWEEPS)
async def test_a_sweep_that_fails_is_shown_and_over_in_time_for_another(env: SkippingEnvironment, sweep: str) -> None:
    start, window = SWEEPS[sweep]
    await shown_and_over(env, start(), window)


async def test_a_reconciliation_that_fails_is_shown_and_leaves_its_turn_to_other_organizations(
    env: SkippingEnvironment,
) -> None:
    start = reconciliation_workflow(ReconciliationInput(org_id=env.org_id), await env.now())
    await shown_and_over(env, start, BACKGROUND_WINDOW)

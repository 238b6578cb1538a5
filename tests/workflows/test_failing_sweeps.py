"""What nobody waits for is shown while it fails, and ends in time for the next run of its schedule."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus, WorkflowHistory

from billflow.models.contracts.reconciliation import ReconciliationInput
from billflow.temporal.search_attributes import NEEDS_ATTENTION
from billflow.temporal.workflow_starts import (
    WorkflowStart,
    delivery_sweep_workflow,
    notice_sweep_workflow,
    reconciliation_workflow,
    retention_workflow,
    seat_sweep_workflow,
)
from billflow.workflows import delivery, notices, retention, seats
from billflow.workflows.activity_execution import BACKGROUND_WINDOW
from tests.outages import database_away
from tests.sizes import further
from tests.workflows.histories import runs_of
from tests.workflows.skipping import SkippingEnvironment

SHOWN_WITHIN = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(minutes=5)

SWEEPS: dict[str, tuple[Callable[[], WorkflowStart], timedelta]] = {
    "seats": (seat_sweep_workflow, seats.SWEEP_WINDOW),
    "delivery": (delivery_sweep_workflow, delivery.SWEEP_WINDOW),
    "notices": (notice_sweep_workflow, notices.WINDOW),
    "retention": (retention_workflow, retention.WINDOW),
}


def marks_of(run: WorkflowHistory) -> list[tuple[bool, timedelta]]:
    """Return what a run said of whether it needs attention, and how long after its start."""
    began = run.events[0].event_time.ToDatetime()
    return [
        (json.loads(payload.data), event.event_time.ToDatetime() - began)
        for event in run.events
        for name, payload in fields_of(event).items()
        if name == NEEDS_ATTENTION.name
    ]


def fields_of(event: HistoryEvent) -> Mapping[str, Payload]:
    """Return the search attributes that an event changes."""
    return event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields


async def shown_and_over(env: SkippingEnvironment, start: WorkflowStart, window: timedelta) -> None:
    """Fail unless a workflow is shown while PostgreSQL is away, and over with the window of its one activity."""
    handle = env.temporal.get_workflow_handle(start.workflow_id)

    async def has_failed() -> bool:
        return (await handle.describe()).status is WorkflowExecutionStatus.FAILED

    async with database_away(env.database_url):
        await env.engine.control.start(start)
        await env.leap_until(has_failed, window + SHOWN_WITHIN)
    [run] = await runs_of(env.temporal, start.workflow_id)
    [(is_shown, shown_after), (is_still_shown, over_after)] = marks_of(run)

    assert (is_shown, is_still_shown) == (True, False)
    assert shown_after < SHOWN_WITHIN
    assert abs(over_after - window) <= LONGEST_PAUSE


@pytest.mark.parametrize("sweep", ["seats", *further(*sorted(SWEEPS.keys() - {"seats"}))])
async def test_a_sweep_that_fails_is_shown_and_over_in_time_for_another(env: SkippingEnvironment, sweep: str) -> None:
    start, window = SWEEPS[sweep]
    await shown_and_over(env, start(), window)


@pytest.mark.full
async def test_a_reconciliation_that_fails_is_shown_and_leaves_its_turn_to_other_organizations(
    env: SkippingEnvironment,
) -> None:
    start = reconciliation_workflow(ReconciliationInput(org_id=env.org_id), await env.now())
    await shown_and_over(env, start, BACKGROUND_WINDOW)

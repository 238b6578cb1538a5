"""The scheduled work of an organization: one list, created or updated on the server at every start of a worker."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationScope
from billflow.models.contracts.retention import RetentionInput
from billflow.temporal.workflow_starts import WorkflowStart, reconciliation_workflow, retention_workflow

NIGHT_HOUR = 2
"""UTC; most of a night's invoices are made by then."""

RETENTION_HOUR = 4
"""UTC; reconciliation is over by then."""

NIGHTLY_DAYS = 100
"""A nightly run compares the invoices of this many days, and whatever is open."""

CATCHUP_WINDOW = timedelta(hours=12)
"""A night that was missed is made up for within this time; after that the next night does it."""

JITTER = timedelta(minutes=30)


async def ensure_schedules(client: Client, org_id: str) -> None:
    """Create or update the schedules of an organization; safe to repeat and to run twice at once."""
    scope = ReconciliationScope(days=NIGHTLY_DAYS)
    compared = reconciliation_workflow(ReconciliationInput(org_id=org_id, scope=scope))
    await _ensure(client, f"nightly-reconciliation/{org_id}", _nightly(compared, NIGHT_HOUR))
    pruned = retention_workflow(RetentionInput(org_id=org_id))
    await _ensure(client, f"nightly-retention/{org_id}", _nightly(pruned, RETENTION_HOUR))


async def _ensure(client: Client, schedule_id: str, wanted: Schedule) -> None:
    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(lambda known: _changed(known, wanted))


def _changed(known: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """Keep what an operator paused, change everything else."""
    wanted.state = known.description.schedule.state
    return ScheduleUpdate(schedule=wanted)


def _nightly(start: WorkflowStart, hour: int) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            start.workflow,
            start.argument,
            id=start.workflow_id,
            task_queue=start.task_queue,
            static_summary=start.summary,
            typed_search_attributes=start.search_attributes,
        ),
        spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(hour)])], jitter=JITTER),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCHUP_WINDOW),
    )

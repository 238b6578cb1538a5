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
from billflow.temporal.workflow_starts import reconciliation_workflow

NIGHT_HOUR = 2
"""UTC; most of a night's invoices are made by then."""

NIGHTLY_DAYS = 100
"""A nightly run compares the invoices of this many days, and whatever is open."""

CATCHUP_WINDOW = timedelta(hours=12)
"""A night that was missed is made up for within this time; after that the next night does it."""

JITTER = timedelta(minutes=30)


async def ensure_schedules(client: Client, org_id: str) -> None:
    """Create or update the schedules of an organization; safe to repeat and to run twice at once."""
    schedule_id, wanted = f"nightly-reconciliation/{org_id}", _nightly_reconciliation(org_id)
    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(lambda known: _changed(known, wanted))


def _changed(known: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """Keep what an operator paused, change everything else."""
    wanted.state = known.description.schedule.state
    return ScheduleUpdate(schedule=wanted)


def _nightly_reconciliation(org_id: str) -> Schedule:
    start = reconciliation_workflow(ReconciliationInput(org_id=org_id, scope=ReconciliationScope(days=NIGHTLY_DAYS)))
    return Schedule(
        action=ScheduleActionStartWorkflow(
            start.workflow,
            start.argument,
            id=start.workflow_id,
            task_queue=start.task_queue,
            static_summary=start.summary,
            typed_search_attributes=start.search_attributes,
        ),
        spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(NIGHT_HOUR)])], jitter=JITTER),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCHUP_WINDOW),
    )

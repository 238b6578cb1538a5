"""The scheduled work of an organization: one list, created or updated on the server at every start of a worker."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationScope
from billflow.models.contracts.seat_sources import SeatPullInput
from billflow.temporal.workflow_starts import WorkflowStart, reconciliation_workflow, seat_pull_workflow

NIGHT_HOUR = 2
"""UTC; most of a night's invoices are made by then."""

NIGHTLY_DAYS = 100
"""A nightly run compares the invoices of this many days, and whatever is open."""

CATCHUP_WINDOW = timedelta(hours=12)
"""A night that was missed is made up for within this time; after that the next night does it."""

JITTER = timedelta(minutes=30)

SEAT_PULL_EVERY, SEAT_PULL_JITTER = timedelta(minutes=15), timedelta(minutes=3)
"""How often is looked whose seats are to be counted: once a day, and around each billing date."""


async def ensure_schedules(client: Client, org_id: str) -> None:
    """Create or update the schedules of an organization; safe to repeat and to run twice at once."""
    scheduled = {"nightly-reconciliation": _nightly_reconciliation(org_id), "seat-pull": _seat_pull(org_id)}
    for name, wanted in scheduled.items():
        await _ensure(client, f"{name}/{org_id}", wanted)


async def _ensure(client: Client, schedule_id: str, wanted: Schedule) -> None:
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
    spec = ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(NIGHT_HOUR)])], jitter=JITTER)
    return _schedule(start, spec, CATCHUP_WINDOW)


def _seat_pull(org_id: str) -> Schedule:
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=SEAT_PULL_EVERY)], jitter=SEAT_PULL_JITTER)
    return _schedule(seat_pull_workflow(SeatPullInput(org_id=org_id)), spec, SEAT_PULL_EVERY)


def _schedule(start: WorkflowStart, spec: ScheduleSpec, catchup_window: timedelta) -> Schedule:
    action = ScheduleActionStartWorkflow(
        start.workflow, start.argument, id=start.workflow_id, task_queue=start.task_queue, static_summary=start.summary
    )
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=catchup_window)
    return Schedule(action=action, spec=spec, policy=policy)

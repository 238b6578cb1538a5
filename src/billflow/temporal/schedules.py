"""The workflows-wide work that happens by the clock: one list, made so on the server at every start of a worker."""

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

from billflow.models.contracts.reconciliation import ReconciliationRun, ReconciliationScope
from billflow.temporal.ids import reconciliation_workflow_id
from billflow.temporal.queues import BILLFLOW

NIGHT_HOUR = 2
"""UTC; most of a night's billing dates are through by then."""

NIGHTLY_DAYS = 100
"""A nightly run compares the invoices of this many days, and whatever is unsettled."""

BACKFILL = timedelta(hours=12)
"""A night that was missed is made up for within this time; after that the next night does it."""

JITTER = timedelta(minutes=30)


async def ensure_schedules(client: Client, org_id: str) -> None:
    """Create or update the schedules of an organization; safe to repeat and to run twice at once."""
    schedule_id, wanted = f"nightly-{reconciliation_workflow_id(org_id)}", _nightly_reconciliation(org_id)
    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(lambda known: _changed(known, wanted))


def _changed(known: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    """Keep what an operator paused, change everything else."""
    wanted.state = known.description.schedule.state
    return ScheduleUpdate(schedule=wanted)


def _nightly_reconciliation(org_id: str) -> Schedule:
    run = ReconciliationRun(org_id=org_id, scope=ReconciliationScope(days=NIGHTLY_DAYS))
    return Schedule(
        action=ScheduleActionStartWorkflow(
            "ReconciliationWorkflow",
            run,
            id=reconciliation_workflow_id(org_id),
            task_queue=BILLFLOW,
            static_summary="rows, Stripe and workflows",
        ),
        spec=ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(NIGHT_HOUR)])], jitter=JITTER),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=BACKFILL),
    )

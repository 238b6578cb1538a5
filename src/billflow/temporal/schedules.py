"""What happens by the clock, for all organizations: one list, created or updated on the server at every start."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

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

from billflow.models.contracts.reconciliation import NightlyReconciliationInput, ReconciliationScope
from billflow.temporal.workflow_starts import (
    WorkflowStart,
    delivery_sweep_workflow,
    nightly_workflow,
    notice_sweep_workflow,
    retention_workflow,
    seat_sweep_workflow,
)

NIGHT_HOUR = 2
"""UTC; most of a night's invoices are made by then."""

RETENTION_HOUR = 4
"""UTC; reconciliation is over by then."""

NIGHTLY_DAYS = 100
"""A nightly run compares the invoices of this many days, and whatever is open."""

CATCHUP_WINDOW = timedelta(hours=12)
"""A night that was missed is made up for within this time; after that the next night does it."""

JITTER = timedelta(minutes=30)

SEAT_SWEEP, SEAT_SWEEP_JITTER = timedelta(minutes=15), timedelta(minutes=3)
"""How often is looked whose seats are to be counted: once a day, and around each billing date."""

NOTICE_SWEEP = timedelta(hours=1)
"""How often is looked what customers are to be told ahead."""

SWEEP = timedelta(minutes=10)
"""How often delivery streams are looked for whose workflow Temporal has lost."""

NIGHTLY_RECONCILIATION: Final = "nightly-reconciliation"
NIGHTLY_RETENTION: Final = "nightly-retention"
DELIVERY_SWEEP: Final = "delivery-sweep"
SEAT_PULLS: Final = "seat-pulls"
NOTICES: Final = "notices"


async def ensure_schedules(client: Client) -> None:
    """Create or update every schedule; safe to repeat and to run twice at once."""
    for schedule_id, wanted in _schedules().items():
        try:
            await client.create_schedule(schedule_id, wanted)
        except ScheduleAlreadyRunningError:
            await client.get_schedule_handle(schedule_id).update(_changed_to(wanted))


async def delete_schedules_of_organizations(client: Client) -> None:
    """Delete the schedules that each organization had of its own until one took the place of all; safe to repeat."""
    async for listed in await client.list_schedules():
        if listed.id.startswith(f"{NIGHTLY_RECONCILIATION}/"):
            await client.get_schedule_handle(listed.id).delete()


def _changed_to(wanted: Schedule) -> Callable[[ScheduleUpdateInput], ScheduleUpdate]:
    """Keep what an operator paused, change everything else."""

    def changed(known: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = known.description.schedule.state
        return ScheduleUpdate(schedule=wanted)

    return changed


def _schedules() -> Mapping[str, Schedule]:
    night = NightlyReconciliationInput(scope=ReconciliationScope(days=NIGHTLY_DAYS))
    at_night, later = (
        ScheduleSpec(calendars=[ScheduleCalendarSpec(hour=[ScheduleRange(hour)])], jitter=JITTER)
        for hour in (NIGHT_HOUR, RETENTION_HOUR)
    )
    often = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=SWEEP)])
    counting = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=SEAT_SWEEP)], jitter=SEAT_SWEEP_JITTER)
    hourly = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=NOTICE_SWEEP)], jitter=SEAT_SWEEP_JITTER)
    return {
        NIGHTLY_RECONCILIATION: _schedule(nightly_workflow(night), at_night, CATCHUP_WINDOW),
        NIGHTLY_RETENTION: _schedule(retention_workflow(), later, CATCHUP_WINDOW),
        DELIVERY_SWEEP: _schedule(delivery_sweep_workflow(), often, SWEEP),
        NOTICES: _schedule(notice_sweep_workflow(), hourly, NOTICE_SWEEP),
        SEAT_PULLS: _schedule(seat_sweep_workflow(), counting, SEAT_SWEEP),
    }


def _schedule(start: WorkflowStart, spec: ScheduleSpec, catchup_window: timedelta) -> Schedule:
    arguments = [] if start.argument is None else [start.argument]
    return Schedule(
        action=ScheduleActionStartWorkflow(
            start.workflow,
            args=arguments,
            id=start.workflow_id,
            task_queue=start.task_queue,
            static_summary=start.summary,
            typed_search_attributes=start.search_attributes,
            priority=start.priority,
        ),
        spec=spec,
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=catchup_window),
    )

"""Counting the seats of an organization: whose turn it is, or whoever is asked for."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.seats import SeatActivities, SeatDueActivities, SeatSweepActivities
    from billflow.models.contracts.seat_sources import (
        CountedBatch,
        CountedSeats,
        SeatBatch,
        SeatPullInput,
        SeatPullResult,
    )
    from billflow.temporal.ids import plan_workflow_id
    from billflow.temporal.queues import SEATS
    from billflow.workflows import external
    from billflow.workflows.activity_execution import Tolerated, in_database, on_schedule, patiently

COUNT_TIMEOUT = timedelta(seconds=60)
COUNT_WINDOW = timedelta(minutes=10)
"""How long one batch is tried; the next run counts whom this one did not."""

SWEEP_WINDOW = timedelta(hours=1)
"""How long one sweep is tried, as long as which no other begins."""

ATTEMPTS_UNSHOWN = 4
"""How often a batch is tried, in half a minute at least, before its workflow shows that it fails."""

_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=1))


@workflow.defn(name="SeatSweepWorkflow")
class SeatSweepWorkflow:
    """Lets every organization that has a seat source count whose turn it is."""

    @workflow.run
    async def run(self) -> None:
        """Start the counts."""
        await on_schedule(
            SeatSweepActivities.sweep_seats,
            "organizations with a seat source",
            within=SWEEP_WINDOW,
            start_to_close_timeout=COUNT_WINDOW,
            heartbeat_timeout=COUNT_TIMEOUT,
        )


@workflow.defn(name="SeatPullWorkflow")
class SeatPullWorkflow:
    """Counts batch after batch, and wakes the plans that waited for seats. It never bills: a plan's own steps do."""

    @workflow.run
    async def run(self, request: SeatPullInput) -> SeatPullResult:
        """Count, and return what came of it."""
        at = (request.at or workflow.now()).replace(microsecond=0)
        asked = request.model_copy(update={"at": at})
        due = await in_database(SeatDueActivities.seats_due, asked, "who is to be counted")
        counts = list[CountedSeats]()
        for batch in due.batches:
            with Tolerated("seats were not counted", source=batch.seat_source_id):
                counted = await self._count(batch)
                counts += counted.counts
                for plan_id in counted.waiting_plan_ids:
                    await external.signal_workflow(plan_workflow_id(plan_id), "seats_reported")
        return SeatPullResult.of(counts)

    async def _count(self, batch: SeatBatch) -> CountedBatch:
        options = dict[str, Any](
            task_queue=SEATS,
            start_to_close_timeout=COUNT_TIMEOUT,
            schedule_to_close_timeout=COUNT_WINDOW,
        )
        summary = f"count {len(batch.customer_ids)} customers"
        return await patiently(
            SeatActivities.count_licenses, batch, summary, options, _PATIENT, unshown=ATTEMPTS_UNSHOWN
        )

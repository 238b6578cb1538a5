"""Counting licenses: asking the product how many people there are. Nothing here bills; a plan's steps do."""

from dataclasses import dataclass

from temporalio import activity

from billflow.models.contracts.seat_sources import CountedBatch, SeatBatch, SeatBatches, SeatPullInput
from billflow.ports.seats import BadSeatCounts, SeatReader, SeatSourceAway, SeatSourceRepository
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import seat_pull_workflow


@dataclass(frozen=True)
class SeatSweepActivities:
    """Finding the organizations whose seats are pulled."""

    sources: SeatSourceRepository
    control: WorkflowControl

    @activity.defn
    async def sweep_seats(self) -> None:
        """Start the count of every organization that has a source; one that counts already isn't disturbed."""
        for org_id in await self.sources.organizations_that_pull():
            await self.control.start(seat_pull_workflow(SeatPullInput(org_id=org_id)))
            activity.heartbeat()


@dataclass(frozen=True)
class SeatDueActivities:
    """Finding out who is to be counted."""

    sources: SeatSourceRepository

    @activity.defn
    async def seats_due(self, request: SeatPullInput) -> SeatBatches:
        """Return who is to be counted now."""
        return await self.sources.due(request)


@dataclass(frozen=True)
class SeatActivities:
    """Counting, on a task queue of its own: a slow product holds up nobody else."""

    sources: SeatSourceRepository
    reader: SeatReader

    @activity.defn
    async def count_licenses(self, batch: SeatBatch) -> CountedBatch:
        """Ask a seat source for a batch, and write what it says as observations of one moment.

        What can't be counted is noted with its reason and changes nothing. A source that is away is asked again,
        `batch.attempts` times in all.
        """
        try:
            source = await self.sources.source(batch.org_id, batch.seat_source_id)
            deployments = await self.sources.deployments(batch)
            found = await self.reader.read(source, list(deployments.values()))
        except (SeatSourceAway, BadSeatCounts) as error:
            counted = await self.sources.record_failure(batch, error.code, error.message)
            if isinstance(error, SeatSourceAway) and activity.info().attempt < batch.attempts:
                raise
            return counted
        return await self.sources.record_counts(batch, found)

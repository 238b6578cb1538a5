"""What activities need to count seats: the rows, and the product's own systems."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from billflow.domain.errors import InvalidInput
from billflow.errors import Unavailable
from billflow.models.contracts.seat_sources import (
    CountedBatch,
    CountedDeployment,
    SeatBatch,
    SeatBatches,
    SeatCounts,
    SeatPullInput,
    SeatSource,
)


class SeatSourceAway(Unavailable):
    """A seat source can't be reached, or gives no answer.

    Wait, since it is asked again; where it goes on, see to what the message names.
    """

    code = "seat_source_away"


class BadSeatCounts(InvalidInput):
    """A seat source answers something that can't be its counts; nothing of the answer is applied.

    Correct the place that the message names; `billflow seats check` asks without applying.
    """

    code = "bad_seat_counts"


class SeatReader(Protocol):
    """Reads seat sources of every kind."""

    async def read(self, source: SeatSource, asked: Sequence[CountedDeployment]) -> SeatCounts:
        """Return the counts of the deployments *asked*, and of no other; raises `SeatSourceAway` or `BadSeatCounts`."""


class SeatSourceRepository(Protocol):
    """Seat sources as rows; every method is one transaction and safe to repeat."""

    async def organizations_that_pull(self) -> tuple[str, ...]:
        """Return the ids of the organizations that have a source to pull from."""

    async def due(self, request: SeatPullInput) -> SeatBatches:
        """Return who is to be counted; raises `NotFound`, and `Refused` for a customer without a source to pull."""

    async def source(self, org_id: str, seat_source_id: str) -> SeatSource:
        """Return a source with its secret; raises `NotFound`."""

    async def deployments(self, batch: SeatBatch) -> Mapping[str, CountedDeployment]:
        """Return what the customers of a batch run on, by the customer."""

    async def record_counts(self, batch: SeatBatch, found: SeatCounts) -> CountedBatch:
        """Write each count as an observation of its deployment and moment, once, where the batch is to be applied.

        A customer without a count is noted as failing.
        """

    async def record_failure(self, batch: SeatBatch, code: str, message: str) -> CountedBatch:
        """Note why nobody of a batch could be counted; of a source that failed for the first time there is an event."""

"""What a dry run needs: facts of one moment, and itself as rows."""

from datetime import datetime
from typing import Protocol

from billflow.dry_run.folder import FactsFolder, RecordedChunk, Recording
from billflow.dry_run.run import Progress
from billflow.dry_run.tally import DryRunSummary
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.dry_run import DryRunFilter, DryRunRef, DryRunStatus


class DryRunWork(Contract):
    """What is to be done for a dry run, and where it stands; `change` is JSON of the rules that are tried."""

    status: DryRunStatus
    only: DryRunFilter
    until: Moment | None
    change: bytes


class DryRunChunk(Contract):
    """The next file of facts to bill."""

    position: int
    of_debts: bool
    facts: bytes


class FactsRecorder(Protocol):
    """What reads the billing database into a folder."""

    async def record(
        self, org_id: str, wanted: DryRunFilter, folder: FactsFolder, now: datetime, progress: Progress
    ) -> Recording:
        """Record the facts of every plan that runs and is *wanted*, and of what is open of their invoices.

        All is as of one moment; what is recorded there already is kept. Raises `InvalidInput` where the folder holds
        those of others.
        """


class DryRunRepository(Protocol):
    """Dry runs as rows; every method is one transaction and safe to repeat."""

    async def work(self, asked: DryRunRef) -> DryRunWork:
        """Return what is to be done."""

    async def add_chunk(self, asked: DryRunRef, position: int, chunk: RecordedChunk, facts: bytes) -> None:
        """Keep a file of facts; one of the same position is replaced."""

    async def begin_billing(self, asked: DryRunRef, recording: Recording) -> None:
        """Say that all facts are there; one that is canceled stays so."""

    async def next_chunk(self, asked: DryRunRef) -> DryRunChunk | None:
        """Return the next file of facts; None where all are billed, or it does not go on."""

    async def record_result(self, asked: DryRunRef, chunk: DryRunChunk, result: bytes, different: int) -> None:
        """Keep what was found in a file of facts in place of the facts."""

    async def results(self, asked: DryRunRef) -> DryRunSummary:
        """Add up what was found."""

    async def finish(self, asked: DryRunRef, found: DryRunSummary, at: datetime) -> None:
        """Keep what was found in all; one that is over stays as it is."""

    async def fail(self, asked: DryRunRef, code: str, message: str, at: datetime) -> None:
        """Say why it could not be done, and keep no facts; one that is over stays as it is."""

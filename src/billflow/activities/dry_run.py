"""A dry run that was asked for over HTTP: facts read into rows, then billed and compared file by file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from temporalio import activity

from billflow.domain.errors import BillingError
from billflow.dry_run.folder import FactsFolder
from billflow.dry_run.jobs import Job
from billflow.dry_run.processes import BillingProcess, DryRunFailed, billing_process
from billflow.errors import InternalError, Unavailable
from billflow.models.contracts.dry_run import DryRunRef, DryRunStatus
from billflow.ports.dry_run import DryRunChunk, DryRunRepository, DryRunWork, FactsRecorder

FILES = 20
"""Files of facts of one activity, some minutes of work; what is billed already is not billed again."""

ATTEMPTS = 3
"""How often a part is tried that fails by a fault of ours, before the dry run counts as failed."""

GIVEN_UP = "The dry run could not be carried out in time; see that a worker runs, and ask for it again."


@dataclass(frozen=True)
class DryRunActivities:
    """The parts of a dry run; each goes on where a dead worker stopped."""

    dry_runs: DryRunRepository
    facts: FactsRecorder

    @activity.defn
    async def read_dry_run_facts(self, asked: DryRunRef) -> None:
        """Read the facts of all plans and debts as of one moment; broken off, they are read anew."""
        work = await self.dry_runs.work(asked)
        if work.status is not DryRunStatus.READING:
            return
        async with self._failing(asked):
            with TemporaryDirectory(prefix="billflow-dry-run-") as name:
                await self._read(asked, work, FactsFolder(Path(name) / "facts"))

    async def _read(self, asked: DryRunRef, work: DryRunWork, folder: FactsFolder) -> None:
        def progress(done: int, total: int) -> None:
            activity.heartbeat(done, total)

        recording = await self.facts.record(asked.org_id, work.only, folder, datetime.now(UTC), progress)
        for position, chunk in enumerate(recording.chunks):
            await self.dry_runs.add_chunk(asked, position, chunk, folder.chunk(chunk.name).read_bytes())
            activity.heartbeat(position)
        await self.dry_runs.begin_billing(asked, recording)

    @activity.defn
    async def bill_dry_run_files(self, asked: DryRunRef) -> bool:
        """Bill and compare the next files of facts, in a process of its own, and tell whether there may be more."""
        chunk = await self.dry_runs.next_chunk(asked)
        if chunk is None:
            await self._finish(asked)
            return False
        async with self._failing(asked):
            with TemporaryDirectory(prefix="billflow-dry-run-") as name:
                await self._bill(asked, chunk, Path(name))
        return True

    async def _bill(self, asked: DryRunRef, first: DryRunChunk, folder: Path) -> None:
        work, chunk = await self.dry_runs.work(asked), first
        (folder / "change.json").write_bytes(work.change)
        async with billing_process() as process:
            for _ in range(FILES):
                result = await _compared(process, chunk, work, folder)
                different = result.count(b"\n") - 1
                await self.dry_runs.record_result(asked, chunk, result, different)
                activity.heartbeat(chunk.position)
                if (following := await self.dry_runs.next_chunk(asked)) is None:
                    return
                chunk = following

    async def _finish(self, asked: DryRunRef) -> None:
        if (await self.dry_runs.work(asked)).status is DryRunStatus.BILLING:
            await self.dry_runs.finish(asked, await self.dry_runs.results(asked), datetime.now(UTC))

    @activity.defn
    async def give_up_dry_run(self, asked: DryRunRef) -> None:
        """Say that it could not be carried out."""
        await self.dry_runs.fail(asked, DryRunFailed.code, GIVEN_UP, datetime.now(UTC))

    @asynccontextmanager
    async def _failing(self, asked: DryRunRef) -> AsyncIterator[None]:
        """Let a part be tried again where a server is away, and some times where it fails; then the dry run failed."""
        try:
            yield
        except Exception as error:
            if isinstance(error, Unavailable) or activity.info().attempt < ATTEMPTS:
                raise
            activity.logger.exception("a dry run fails", extra={"dry_run_id": asked.dry_run_id})
            known = error if isinstance(error, BillingError) else InternalError("It failed by a fault of billflow.")
            await self.dry_runs.fail(asked, known.code, known.public or known.message, datetime.now(UTC))


async def _compared(process: BillingProcess, chunk: DryRunChunk, work: DryRunWork, folder: Path) -> bytes:
    facts, out = folder / "facts.jsonl", folder / "result.jsonl"
    facts.write_bytes(chunk.facts)
    change = folder / "change.json"
    await process.perform(Job(facts=facts, out=out, until=work.until, change=change, of_debts=chunk.of_debts))
    return out.read_bytes()

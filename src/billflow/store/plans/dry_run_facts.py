"""The facts of a dry run, read as of one moment into files: of every plan that runs, and of every debt that is open."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billflow.dry_run.debt_facts import write_debts
from billflow.dry_run.facts_file import FORMAT, FactsHeader, write_facts
from billflow.dry_run.folder import FactsFolder, RecordedChunk, Recording
from billflow.dry_run.run import Progress, at_once
from billflow.models.contracts.dry_run import DryRunFilter
from billflow.ports.dry_run import FactsRecorder
from billflow.store.dunning.debts import PostgresDebtSnapshots
from billflow.store.plans.snapshots import PostgresPlanSnapshots
from billflow.store.session.database import Database

CHUNK_PLANS = 500
"""Plans of one file of facts: some seconds of work, so that little is done twice after an interruption."""

CHUNK_DEBTORS = 500
"""Customers with their debts of one file."""

READERS = 4
"""Connections that read at once for an operator's command; its process is what limits them."""


@dataclass(frozen=True)
class PostgresFactsRecorder(FactsRecorder):
    """Reads the billing database into a folder; nothing here writes to the database."""

    plan_snapshots: PostgresPlanSnapshots
    debt_snapshots: PostgresDebtSnapshots
    readers: int = READERS

    @property
    def database(self) -> Database:
        """Return the pool of connections that it reads by."""
        return self.plan_snapshots.database

    async def record(
        self, org_id: str, wanted: DryRunFilter, folder: FactsFolder, now: datetime, progress: Progress
    ) -> Recording:
        if known := folder.recording(org_id, wanted.text):
            return known
        folder.begin()
        chunks = await self._chunks(org_id, wanted, folder, now, progress)
        recording = Recording(org_id=org_id, only=wanted.text, taken_at=now, chunks=tuple(chunks))
        folder.finish(recording)
        return recording

    async def _chunks(
        self, org_id: str, wanted: DryRunFilter, folder: FactsFolder, now: datetime, progress: Progress
    ) -> list[RecordedChunk]:
        header, done = FactsHeader(org_id=org_id, taken_at=now), 0
        async with self.plan_snapshots.exported(org_id, wanted) as snapshot:
            total = len(snapshot.plan_ids)
            debtor_ids = await self.debt_snapshots.debtor_ids(org_id, snapshot.name, wanted)
            policy = await self.debt_snapshots.policy(org_id, snapshot.name)

            async def plans(chunk: RecordedChunk, part: Sequence[str]) -> None:
                nonlocal done
                found = await self.plan_snapshots.facts(org_id, snapshot.name, part, now)
                write_facts(folder.chunk(chunk.name), header, found)
                done += chunk.plans
                progress(done, total)

            async def debts(chunk: RecordedChunk, part: Sequence[str]) -> None:
                found = await self.debt_snapshots.debtors(org_id, snapshot.name, wanted, part, now)
                of_debts = FactsHeader(format=FORMAT, org_id=org_id, taken_at=now)
                write_debts(folder.chunk(chunk.name), of_debts, policy, found)
                progress(done, total)

            progress(done, total)
            of_plans = [
                (RecordedChunk(name=f"{n:05}.jsonl", plans=len(part)), part, plans)
                for n, part in enumerate(_parts(snapshot.plan_ids, CHUNK_PLANS))
            ]
            of_debts = [
                (RecordedChunk(name=f"debts-{n:05}.jsonl", debtors=len(part)), part, debts)
                for n, part in enumerate(_parts(debtor_ids, CHUNK_DEBTORS))
            ]
            await _read_all([*of_plans, *of_debts], self.readers)
        return [chunk for chunk, *_ in (*of_plans, *of_debts)]


Reading = tuple[RecordedChunk, Sequence[str], Callable[[RecordedChunk, Sequence[str]], Awaitable[None]]]


async def _read_all(wanted: Sequence[Reading], readers: int) -> None:
    waiting = deque(wanted)

    async def read() -> None:
        while waiting:
            chunk, part, reader = waiting.popleft()
            await reader(chunk, part)

    await at_once(read() for _ in range(readers))


def _parts(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]

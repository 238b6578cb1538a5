"""A dry run over recorded facts: as many processes as wanted take chunks in turn; what is done already is kept."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from billflow.dry_run.folder import FactsFolder, RecordedChunk, Recording, ResultsFolder
from billflow.dry_run.jobs import Job
from billflow.dry_run.processes import BillingProcess, billing_process

Progress = Callable[[int, int], None]
"""Is told how many plans are done, and how many there are."""


async def at_once(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all jobs at once, or none to the end where one fails; raises what the first of them failed with."""
    try:
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(job)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What is to be billed and compared; *other* is where another version of billflow is, *until* a year without it."""

    facts: FactsFolder
    recording: Recording
    results: ResultsFolder
    until: datetime | None = None
    other: Path | None = None

    async def run(self, processes: int, progress: Progress) -> None:
        """Bill every chunk that has no result yet; raises `DryRunFailed` or `VersionWithoutDryRun`."""
        waiting = deque(one for one in self.recording.chunks if not self.results.result(one).exists())
        total = self.recording.plans
        left = sum(chunk.plans for chunk in waiting)

        async def work() -> None:
            nonlocal left
            async with AsyncExitStack() as stack:
                ours = await stack.enter_async_context(billing_process())
                theirs = await stack.enter_async_context(billing_process(self.other)) if self.other else None
                while waiting:
                    chunk = waiting.popleft()
                    await self._perform(chunk, ours, theirs)
                    left -= chunk.plans
                    progress(total - left, total)

        progress(total - left, total)
        await at_once(work() for _ in range(min(processes, len(waiting))))

    async def _perform(self, chunk: RecordedChunk, ours: BillingProcess, theirs: BillingProcess | None) -> None:
        facts, change, result = self.facts.chunk(chunk.name), self.results.change, self.results.result(chunk)
        if chunk.debtors:
            await ours.perform(Job(facts=facts, out=result, until=self.until, change=change, of_debts=True))
            return
        bills = self.results.bills(chunk) if theirs else None
        if theirs and bills:
            job = Job(facts=facts, out=bills, until=self.until, change=change, bills_only=True)
            await theirs.perform(job)
        await ours.perform(Job(facts=facts, out=result, until=self.until, change=change, bills=bills))
        if bills:
            bills.unlink()

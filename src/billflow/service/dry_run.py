"""What a dry run needs of the records: the facts of every plan, and the rules that are to be tried."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from billflow.domain.rule_change import Repricing, RuleChange
from billflow.dry_run.facts_file import FactsHeader, write_facts
from billflow.dry_run.folder import FactsFolder, RecordedChunk, Recording
from billflow.dry_run.run import Progress, at_once
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.dry_run import DryRunFilter
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.store.session.repositories import Queries, Repositories

CHUNK_PLANS = 500
"""Plans of one file of facts: some seconds of work, so that little is done twice after an interruption."""

READERS = 4
"""Connections that read at once; this process is what limits them."""


@dataclass(frozen=True)
class DryRunService:
    """Dry runs as far as they need the billing database; nothing here writes to it."""

    repositories: Repositories
    queries: Queries

    async def change(
        self,
        org_id: str,
        catalog: CatalogDocument | None = None,
        tax: TaxDocument | None = None,
        repricing: Repricing | None = None,
    ) -> RuleChange:
        """Return what is to be tried; raises what applying it would raise."""
        sold = await self.repositories.catalogs.check(org_id, catalog) if catalog else None
        if repricing:
            known = sold or await self.repositories.catalogs.current(org_id)
            known.tier(repricing.tier).check_billable("tier", "name a tier that is")
        taxed = (await self.repositories.taxes.check(org_id, tax)).tax if tax else None
        return RuleChange(catalog=sold, tax=taxed, repricing=repricing)

    async def record(
        self, org_id: str, wanted: DryRunFilter, folder: FactsFolder, now: datetime, progress: Progress
    ) -> Recording:
        """Record the facts of every plan that runs and is *wanted*, all as of one moment, unless they are there.

        Raises `InvalidInput` where the folder holds those of others.
        """
        if known := folder.recording(org_id, wanted.text):
            return known
        folder.begin()
        chunks = await self._record(org_id, wanted, folder, now, progress)
        recording = Recording(org_id=org_id, only=wanted.text, taken_at=now, chunks=tuple(chunks))
        folder.finish(recording)
        return recording

    async def _record(
        self, org_id: str, wanted: DryRunFilter, folder: FactsFolder, now: datetime, progress: Progress
    ) -> list[RecordedChunk]:
        header = FactsHeader(org_id=org_id, taken_at=now)
        done = 0
        async with self.queries.plan_snapshots.exported(org_id, wanted) as snapshot:
            ids, total = snapshot.plan_ids, len(snapshot.plan_ids)
            parts = [ids[start : start + CHUNK_PLANS] for start in range(0, total, CHUNK_PLANS)]
            chunks = [RecordedChunk(name=f"{n:05}.jsonl", plans=len(part)) for n, part in enumerate(parts)]
            waiting = deque(zip(chunks, parts, strict=True))

            async def read() -> None:
                nonlocal done
                while waiting:
                    chunk, part = waiting.popleft()
                    plans = await self.queries.plan_snapshots.facts(org_id, snapshot.name, part, now)
                    write_facts(folder.chunk(chunk.name), header, plans)
                    done += chunk.plans
                    progress(done, total)

            progress(done, total)
            await at_once(read() for _ in range(READERS))
        return chunks

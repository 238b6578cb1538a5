"""Dry runs as rows: asked for, carried out file by file, and read by the page until they expire."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.rule_change import RuleChange
from billflow.dry_run.debts import DebtTally
from billflow.dry_run.facts_file import as_line
from billflow.dry_run.folder import RecordedChunk, Recording
from billflow.dry_run.jobs import change_text, parse_debt_result, parse_result
from billflow.dry_run.shown import shown_totals
from billflow.dry_run.tally import DryRunSummary, Tally
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.dry_run import (
    AT_ONCE,
    DryRunCreate,
    DryRunRecord,
    DryRunRef,
    DryRunStatus,
)
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import DryRunChunkRow, DryRunRow
from billflow.ports.dry_run import DryRunChunk, DryRunRepository, DryRunWork
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.filters import Conditions
from billflow.store.session.paging import page
from billflow.store.session.rows import NO_KEY, as_id, as_json, from_row, row_by_id

_SUMMARY = TypeAdapter(DryRunSummary)
_GO_ON = [status for status in DryRunStatus if status.goes_on]
_LEVEL = 6


class PostgresDryRunRepository(Repository, DryRunRepository):
    """Dry runs in PostgreSQL. Unknown ids raise `NotFound`."""

    async def asked_by(self, org_id: str, key: NamespacedKey) -> DryRunRecord | None:
        """Return the dry run that was asked for under a *key*, None where that is none."""
        async with self.database.unit_of_work(org_id) as session:
            row = (await session.scalars(select(DryRunRow).where(DryRunRow.key == key))).one_or_none()
            return _record(row) if row else None

    async def create(  # noqa: PLR0913, PLR0917  (what decides on a dry run)
        self,
        org_id: str,
        asked: DryRunCreate,
        tried: RuleChange,
        key: NamespacedKey,
        kept: timedelta,
        change: ChangeContext,
    ) -> DryRunRecord:
        """Write a dry run that is to begin, once for each *key*; raises `Refused` where enough of them go on."""
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"dry-run/{org_id}")
            found = (await session.scalars(select(DryRunRow).where(DryRunRow.key == key))).one_or_none()
            if found is not None:
                return _record(found)
            await _check_room(session)
            described = asked.model_dump(mode="json", include={"catalog_version", "reprice", "only"}, exclude_none=True)
            row = DryRunRow(
                org_id=as_id(org_id, "organization"),
                key=key,
                asked={**described, "changes": list(asked.changes)},
                change=zlib.compress(change_text(tried), _LEVEL),
                status=DryRunStatus.READING,
                until=asked.until,
                created_by=change.actor,
                created_at=change.at,
                kept_until=change.at + kept,
            )
            session.add(row)
            await session.flush()
            detail = {**row.asked, "until": as_json({"until": asked.until})["until"]}
            recorder_of(session, row.org_id, change).audit("dry_run.created", ("dry_run", row.id), detail=detail)
            await session.refresh(row)
            return _record(row)

    async def get(self, asked: DryRunRef) -> DryRunRecord:
        """Return a dry run as it stands."""
        async with self.database.unit_of_work(asked.org_id) as session:
            return _record(await _row(session, asked))

    async def search(self, org_id: str, paging: Paging) -> Page[DryRunRecord]:
        """Return one part of the dry runs, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            order = (DryRunRow.created_at, DryRunRow.id)
            return await page(session, select(DryRunRow), order, paging, lambda one: _record(one[0]))

    async def cancel(self, asked: DryRunRef, change: ChangeContext) -> DryRunRecord:
        """Go no further; one that is over stays as it is."""
        async with self.database.unit_of_work(asked.org_id) as session:
            row = await _row(session, asked, lock=True)
            if row.status.goes_on:
                row.status, row.finished_at = DryRunStatus.CANCELED, change.at
                await _drop_facts(session, row.id)
                detail = {"reason": change.reason} if change.reason else None
                recorder_of(session, row.org_id, change).audit("dry_run.canceled", ("dry_run", row.id), detail=detail)
            return _record(row)

    async def summary(self, asked: DryRunRef) -> DryRunSummary | None:
        """Return what was found in all, None before it is."""
        async with self.database.unit_of_work(asked.org_id) as session:
            stored = (await _row(session, asked)).summary
            return None if stored is None else _SUMMARY.validate_json(stored)

    async def found(self, asked: DryRunRef, *, of_debts: bool) -> list[int]:
        """Return how much differs in each file of plans, or of debts, in order."""
        query = select(DryRunChunkRow.different).where(*_results(asked, of_debts=of_debts))
        async with self.database.unit_of_work(asked.org_id) as session:
            await _row(session, asked)
            return [count or 0 for count in await session.scalars(query.order_by(DryRunChunkRow.position))]

    async def result(self, asked: DryRunRef, place: int, *, of_debts: bool) -> bytes | None:
        """Return what was found in one file of plans, or of debts, counted from 0; None behind the last."""
        query = select(DryRunChunkRow.result).where(*_results(asked, of_debts=of_debts))
        async with self.database.unit_of_work(asked.org_id) as session:
            found = await session.scalar(query.order_by(DryRunChunkRow.position).offset(place).limit(1))
            return None if found is None else zlib.decompress(found)

    async def work(self, asked: DryRunRef) -> DryRunWork:
        async with self.database.unit_of_work(asked.org_id) as session:
            row = await _row(session, asked)
            return DryRunWork(
                status=row.status, only=row.asked.get("only", {}), until=row.until, change=zlib.decompress(row.change)
            )

    async def add_chunk(self, asked: DryRunRef, position: int, chunk: RecordedChunk, facts: bytes) -> None:
        row = DryRunChunkRow
        async with self.database.unit_of_work(asked.org_id) as session:
            run = await _row(session, asked, lock=True)
            if run.status is not DryRunStatus.READING:
                return
            await session.execute(delete(row).where(row.dry_run_id == run.id, row.position == position))
            session.add(
                DryRunChunkRow(
                    org_id=run.org_id,
                    dry_run_id=run.id,
                    position=position,
                    plans=chunk.plans,
                    debtors=chunk.debtors,
                    facts=zlib.compress(facts, _LEVEL),
                )
            )

    async def begin_billing(self, asked: DryRunRef, recording: Recording) -> None:
        async with self.database.unit_of_work(asked.org_id) as session:
            run = await _row(session, asked, lock=True)
            if run.status is DryRunStatus.READING:
                run.status, run.taken_at, run.plans = DryRunStatus.BILLING, recording.taken_at, recording.plans
                beyond = DryRunChunkRow.position >= len(recording.chunks)  # of a reading that broke off
                await session.execute(delete(DryRunChunkRow).where(DryRunChunkRow.dry_run_id == run.id, beyond))

    async def next_chunk(self, asked: DryRunRef) -> DryRunChunk | None:
        row = DryRunChunkRow
        waiting = select(row).where(row.dry_run_id == UUID(asked.dry_run_id), row.different.is_(None))
        async with self.database.unit_of_work(asked.org_id) as session:
            if (await _row(session, asked)).status is not DryRunStatus.BILLING:
                return None
            found = (await session.scalars(waiting.order_by(row.position).limit(1))).one_or_none()
            if found is None or found.facts is None:
                return None
            facts = zlib.decompress(found.facts)
            return DryRunChunk(position=found.position, of_debts=found.debtors > 0, facts=facts)

    async def record_result(self, asked: DryRunRef, chunk: DryRunChunk, result: bytes, different: int) -> None:
        row = DryRunChunkRow
        async with self.database.unit_of_work(asked.org_id) as session:
            run = await _row(session, asked, lock=True)
            here = select(row).where(row.dry_run_id == run.id, row.position == chunk.position)
            found = (await session.scalars(here)).one()
            if run.status is not DryRunStatus.BILLING or found.different is not None:
                return
            found.facts, found.result, found.different = None, zlib.compress(result, _LEVEL), different
            run.plans_done += found.plans

    async def results(self, asked: DryRunRef) -> DryRunSummary:
        tally, debts = Tally(), DebtTally()
        async for text in self.each_result(asked, of_debts=False):
            tally.merge(parse_result(text)[0])
        async for text in self.each_result(asked, of_debts=True):
            debts.merge(parse_debt_result(text)[0])
        return replace(tally.summary(), debts=debts.summary())

    async def each_result(self, asked: DryRunRef, *, of_debts: bool) -> AsyncIterator[bytes]:
        """Yield what was found in each file of plans, or of debts, in order."""
        place = 0
        while (text := await self.result(asked, place, of_debts=of_debts)) is not None:
            yield text
            place += 1

    async def finish(self, asked: DryRunRef, found: DryRunSummary, at: datetime) -> None:
        async with self.database.unit_of_work(asked.org_id) as session:
            run = await _row(session, asked, lock=True)
            if run.status is DryRunStatus.BILLING:
                run.status, run.finished_at, run.summary = DryRunStatus.FINISHED, at, as_line(_SUMMARY, found)

    async def fail(self, asked: DryRunRef, code: str, message: str, at: datetime) -> None:
        async with self.database.unit_of_work(asked.org_id) as session:
            run = await _row(session, asked, lock=True)
            if run.status.goes_on:
                run.status, run.finished_at, run.code, run.message = DryRunStatus.FAILED, at, code, message
                await _drop_facts(session, run.id)


async def _check_room(session: AsyncSession) -> None:
    going_on = select(func.count()).select_from(DryRunRow).where(DryRunRow.status.in_(_GO_ON))
    if (await session.scalar(going_on) or 0) >= AT_ONCE:
        message = f"{AT_ONCE} dry runs go on already; wait until one is over, or cancel one."
        raise Refused(message, code="too_many_dry_runs")


async def _drop_facts(session: AsyncSession, dry_run_id: UUID) -> None:
    this = DryRunChunkRow.dry_run_id == dry_run_id
    await session.execute(update(DryRunChunkRow).where(this).values(facts=None))


def _results(asked: DryRunRef, *, of_debts: bool) -> Conditions:
    row = DryRunChunkRow
    kind = row.debtors > 0 if of_debts else row.debtors == 0
    return [row.dry_run_id == as_id(asked.dry_run_id, "dry run"), row.different.is_not(None), kind]


async def _row(session: AsyncSession, asked: DryRunRef, *, lock: bool = False) -> DryRunRow:
    return await row_by_id(session, DryRunRow, asked.dry_run_id, "dry run", lock=NO_KEY if lock else None)


def _record(row: DryRunRow) -> DryRunRecord:
    found = None if row.summary is None else shown_totals(_SUMMARY.validate_json(row.summary))
    asked = {"catalog_version": None, "reprice": None, "only": {}, **row.asked}
    return from_row(DryRunRecord, row, dry_run_id=row.id, result=found, **asked)

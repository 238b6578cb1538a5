"""Batches of plans as rows: which plans they are about, and what became of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Select, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import InvalidInput, Refused
from billflow.models.contracts.base import Command
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.plan_batches import (
    CONFIRMABLE,
    MOST_PLANS,
    BatchCounts,
    BatchFilter,
    BatchInput,
    BatchItemResult,
    BatchItemStatus,
    BatchPlan,
    BatchPreview,
    BatchRef,
    BatchStatus,
    BatchTotal,
    BatchWork,
    PlanBatchCreate,
    PlanBatchItem,
    PlanBatchRecord,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import CustomerPlan, CustomerRow, PlanBatchItemRow, PlanBatchRow
from billflow.ports.plan_batches import PlanBatchRepository
from billflow.store.audit.recorder import recorder_of
from billflow.store.customers.transactions import LIVE
from billflow.store.session.database import Repository
from billflow.store.session.list_filters import plans_that
from billflow.store.session.paging import page
from billflow.store.session.rows import NO_KEY, as_id, as_json, from_row, row_by_id

_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
_COUNTED = (BatchItemStatus.READY, BatchItemStatus.DONE)
_ITEMS = (
    select(PlanBatchItemRow, CustomerPlan, CustomerRow.name)
    .join(CustomerPlan, CustomerPlan.id == PlanBatchItemRow.plan_id)
    .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
)


class PostgresPlanBatchRepository(Repository, PlanBatchRepository):
    """Batches of plans in PostgreSQL. Unknown ids raise `NotFound`."""

    async def create(
        self, org_id: str, asked: PlanBatchCreate, key: NamespacedKey, change: ChangeContext
    ) -> PlanBatchRecord:
        """Write a batch with the plans that fit now, once for each *key*.

        Raises `InvalidInput` where no filter is named, no plan fits, or more than `MOST_PLANS`.
        """
        _check_named(asked.plans)
        async with self.database.unit_of_work(org_id) as session:
            found = await session.scalars(select(PlanBatchRow).where(PlanBatchRow.key == key))
            row = found.one_or_none() or await self._written(session, org_id, asked, key, change)
            return await _record(session, row)

    async def _written(
        self, session: AsyncSession, org_id: str, asked: PlanBatchCreate, key: NamespacedKey, change: ChangeContext
    ) -> PlanBatchRow:
        row = PlanBatchRow(
            org_id=as_id(org_id, "organization"),
            key=key,
            command=as_json(asked.command),
            plans=asked.plans.named,
            status=BatchStatus.PREVIEWING,
            created_by=change.actor,
            created_at=change.at,
        )
        session.add(row)
        await session.flush()
        count = await _add_items(session, row, asked.plans)
        detail = {"command": row.command, "plans": row.plans, "count": count}
        recorder_of(session, row.org_id, change).audit("plan_batch.created", ("plan_batch", row.id), detail=detail)
        return row

    async def get(self, batch: BatchRef) -> PlanBatchRecord:
        """Return a batch as it stands."""
        async with self.database.unit_of_work(batch.org_id) as session:
            return await _record(session, await _row(session, batch))

    async def search(self, org_id: str, paging: Paging) -> Page[PlanBatchRecord]:
        """Return one part of the batches, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            order = (PlanBatchRow.created_at, PlanBatchRow.id)
            found = await page(session, select(PlanBatchRow), order, paging, lambda one: one[0])
            rows = await _records(session, found.rows)
            return Page(rows=tuple(rows), total=found.total, next=found.next)

    async def items(
        self, batch: BatchRef, paging: Paging, status: BatchItemStatus | None = None
    ) -> Page[PlanBatchItem]:
        """Return one part of a batch's plans, the newest first, of one status where that is named."""
        async with self.database.unit_of_work(batch.org_id) as session:
            query = _ITEMS.where(PlanBatchItemRow.plan_batch_id == (await _row(session, batch)).id)
            if status is not None:
                query = query.where(PlanBatchItemRow.status == status)
            return await page(session, query, (PlanBatchItemRow.position,), paging, _item)

    async def confirm(self, batch: BatchRef, reason: str, change: ChangeContext) -> PlanBatchRecord:
        """Let the command be given to the plans that are ready for it; confirmed already stays so.

        Raises `Refused` while the dry run goes on, when it is older than `CONFIRMABLE`, and for a canceled batch.
        """
        async with self.database.unit_of_work(batch.org_id) as session:
            row = await _row(session, batch, lock=True)
            if row.confirmed_at is None:
                _check_confirmable(row, change.at)
                row.status, row.reason = BatchStatus.RUNNING, reason
                row.confirmed_by, row.confirmed_at = change.actor, change.at
                _audit(session, row, change, "plan_batch.confirmed", reason=reason)
            return await _record(session, row)

    async def cancel(self, batch: BatchRef, change: ChangeContext) -> PlanBatchRecord:
        """Give the command to no more plans; a batch that is over stays as it is."""
        async with self.database.unit_of_work(batch.org_id) as session:
            row = await _row(session, batch, lock=True)
            if row.status not in (BatchStatus.FINISHED, BatchStatus.CANCELED):
                row.status, row.finished_at = BatchStatus.CANCELED, change.at
                _audit(session, row, change, "plan_batch.canceled", reason=change.reason)
            return await _record(session, row)

    async def work(self, part: BatchInput, limit: int) -> BatchWork | None:
        query = (
            select(PlanBatchItemRow)
            .where(PlanBatchItemRow.plan_batch_id == UUID(part.plan_batch_id), PlanBatchItemRow.status == part.takes)
            .order_by(PlanBatchItemRow.position.desc())
            .limit(limit)
        )
        async with self.database.unit_of_work(part.org_id) as session:
            batch = await _row(session, part)
            rows = (await session.scalars(query)).all() if batch.status is part.phase else []
            if not rows:
                return None
            plans = tuple(BatchPlan(plan_id=str(row.plan_id), version=row.plan_version) for row in rows)
            command, actor = _COMMAND.validate_python(batch.command), batch.confirmed_by or batch.created_by
            return BatchWork(command=command, actor=actor, plans=plans)

    async def record_preview(self, part: BatchInput, plan_id: str, found: BatchPreview) -> None:
        values = found.model_dump(mode="json", exclude={"version"}) | {"plan_version": found.version}
        await self._update(part, plan_id, {**values, "status": BatchItemStatus.READY})

    async def record_result(self, part: BatchInput, plan_id: str, result: BatchItemResult, at: datetime) -> None:
        await self._update(part, plan_id, {**dict(result), "at": at})

    async def _update(self, part: BatchInput, plan_id: str, values: Mapping[str, Any]) -> None:
        row = PlanBatchItemRow
        this = row.plan_batch_id == UUID(part.plan_batch_id), row.plan_id == UUID(plan_id), row.status == part.takes
        async with self.database.unit_of_work(part.org_id) as session:
            await session.execute(update(row).where(*this).values(dict(values)))

    async def finish(self, part: BatchInput, at: datetime) -> None:
        async with self.database.unit_of_work(part.org_id) as session:
            row = await _row(session, part, lock=True)
            if row.status is not part.phase:
                return
            if part.phase is BatchStatus.PREVIEWING:
                row.status, row.previewed_at = BatchStatus.PREVIEWED, at
            else:
                row.status, row.finished_at = BatchStatus.FINISHED, at


def _check_named(wanted: BatchFilter) -> None:
    if not wanted.named:
        message = "Name at least one filter of plans, such as status, tier or attention."
        raise InvalidInput(message, field="plans")


async def _add_items(session: AsyncSession, row: PlanBatchRow, wanted: BatchFilter) -> int:
    fitting: Select[UUID] = plans_that(wanted).of(select(CustomerPlan.id).where(LIVE))
    count = await session.scalar(select(func.count()).select_from(fitting.subquery())) or 0
    if not count:
        raise InvalidInput("No plan that runs fits this.", code="no_plan_fits", field="plans")
    if count > MOST_PLANS:
        message = f"{count:,} plans fit, and a batch takes {MOST_PLANS:,}; name more filters."
        raise InvalidInput(message, code="too_many_plans", field="plans")
    position = func.row_number().over(order_by=(CustomerPlan.created_at, CustomerPlan.id))
    waiting = literal(BatchItemStatus.WAITING.value)
    chosen = fitting.with_only_columns(CustomerPlan.org_id, literal(row.id), position, CustomerPlan.id, waiting)
    columns = ("org_id", "plan_batch_id", "position", "plan_id", "status")
    await session.execute(insert(PlanBatchItemRow).from_select(columns, chosen))
    return count


def _check_confirmable(row: PlanBatchRow, at: datetime) -> None:
    if row.status is BatchStatus.PREVIEWING:
        raise Refused("The dry run still goes on; confirm the batch when it is over.", code="dry_run_not_over")
    if row.status is BatchStatus.CANCELED:
        raise Refused("The batch was canceled; make another one.", code="batch_canceled")
    if row.previewed_at is None or at > row.previewed_at + CONFIRMABLE:
        message = "The dry run is older than a day, and may be true no more; make another batch."
        raise Refused(message, code="dry_run_too_old")


async def _row(session: AsyncSession, batch: BatchRef, *, lock: bool = False) -> PlanBatchRow:
    return await row_by_id(session, PlanBatchRow, batch.plan_batch_id, "batch", lock=NO_KEY if lock else None)


def _audit(session: AsyncSession, row: PlanBatchRow, change: ChangeContext, action: str, **detail: str | None) -> None:
    told = {name: value for name, value in detail.items() if value}
    recorder_of(session, row.org_id, change).audit(action, ("plan_batch", row.id), detail=told)


async def _record(session: AsyncSession, row: PlanBatchRow) -> PlanBatchRecord:
    await session.flush()
    return (await _records(session, [row]))[0]


async def _records(session: AsyncSession, rows: Sequence[PlanBatchRow]) -> list[PlanBatchRecord]:
    ids = [row.id for row in rows]
    counts, totals = await _counts(session, ids), await _totals(session, ids)
    return [
        from_row(
            PlanBatchRecord,
            row,
            plan_batch_id=row.id,
            counts=BatchCounts(**counts.get(row.id, {})),
            totals=tuple(totals.get(row.id, ())),
        )
        for row in rows
    ]


async def _counts(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    item = PlanBatchItemRow
    query = select(item.plan_batch_id, item.status, func.count()).where(item.plan_batch_id.in_(ids))
    counts: dict[UUID, dict[str, int]] = {}
    for batch_id, status, count in await session.execute(query.group_by(item.plan_batch_id, item.status)):
        counts.setdefault(batch_id, {})[status.value] = count
    return counts


async def _totals(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[BatchTotal]]:
    item, currency = PlanBatchItemRow, CustomerPlan.currency
    amounts = (item.billed, item.next_invoice_before, item.next_invoice_after)
    sums = (func.coalesce(func.sum(column), 0) for column in amounts)
    query = (
        select(item.plan_batch_id, currency, func.count(), *sums)
        .join(CustomerPlan, CustomerPlan.id == item.plan_id)
        .where(item.plan_batch_id.in_(ids), item.status.in_(_COUNTED))
        .group_by(item.plan_batch_id, currency)
        .order_by(currency)
    )
    totals: dict[UUID, list[BatchTotal]] = {}
    for batch_id, *values in await session.execute(query):
        named = dict(zip(BatchTotal.model_fields, values, strict=True))
        totals.setdefault(batch_id, []).append(BatchTotal.model_validate(named))
    return totals


def _item(found: Any) -> PlanBatchItem:
    item, plan, customer_name = found
    of_plan = {"customer_id": plan.customer_id, "tier": plan.tier, "currency": plan.currency}
    return from_row(PlanBatchItem, item, **of_plan, customer_name=customer_name)

"""Retention: rows that are older than their period are deleted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Interval, and_, bindparam, delete, func, or_, select, text, tuple_

from billflow.errors import CommandFailed
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.retention import RetentionPeriods
from billflow.models.tables import (
    ComputedInvoiceRow,
    ForeignStripeEventRow,
    IdempotencyKey,
    InvoiceRow,
    MailRow,
    Org,
    WebhookEvent,
)
from billflow.ports.retention import RetentionRepository
from billflow.store.audit.archive import AuditArchive
from billflow.store.audit.roots import AuditRoots
from billflow.store.session.database import Repository
from billflow.store.session.monitoring import ROLE, org_ids

_AT_ONCE = 500
_OPEN = tuple(status for status in InvoiceStatus if status.is_open)
_AGE = bindparam("age", type_=Interval)
_DELIVERIES = text("SELECT billflow_delete_deliveries(now() - :age, :most)").bindparams(_AGE)
_EVENTS = text("SELECT billflow_delete_events(now() - :age, :most)").bindparams(_AGE)

Expired = tuple[str, Any, ColumnElement[bool]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Retention(Repository, RetentionRepository):
    """What is deleted by its age, some hundred rows per transaction. Ages are in real time.

    The audit log is signed first, and goes into files in *folder*; without one it stays, and how much that is, is told.
    """

    periods: RetentionPeriods
    folder: Path | None
    roots: AuditRoots

    async def prune_all(self, went_on: Callable[[], object] = lambda: None) -> dict[str, int]:
        done: dict[str, int] = {}
        for org_id in await org_ids(self.database, select(Org.id).order_by(Org.id)):
            for name, count in (await self.prune(org_id, went_on)).items():
                done[name] = done.get(name, 0) + count
            went_on()
        return done

    async def prune(self, org_id: str, went_on: Callable[[], object] = lambda: None) -> dict[str, int]:
        """Delete what is older than its period, of one organization and of none; return how many rows of each kind."""
        deleted = {
            name: await self._delete(org_id, table, expired, went_on) for name, table, expired in _expired(self.periods)
        }
        # Deliveries first: an event stays as long as a delivery of it.
        deleted["deliveries"] = await self._call(org_id, _DELIVERIES, self.periods.deliveries, went_on)
        deleted["events"] = await self._call(org_id, _EVENTS, self.periods.events, went_on)
        deleted["foreign_events"] = await self._foreign()
        return deleted | await self._audit(org_id)

    async def _delete(
        self, org_id: str, table: Any, expired: ColumnElement[bool], went_on: Callable[[], object]
    ) -> int:
        keys, deleted = table.__table__.primary_key.columns, 0
        some = select(*keys).where(expired).limit(_AT_ONCE).with_for_update(skip_locked=True)
        while True:
            async with self.database.unit_of_work(org_id) as session:
                found = [tuple(row) for row in await session.execute(some)]
                if not found:
                    return deleted
                await session.execute(delete(table).where(tuple_(*keys).in_(found)))
            deleted += len(found)
            went_on()

    async def _call(self, org_id: str, function: Any, age: timedelta, went_on: Callable[[], object]) -> int:
        deleted = 0
        while True:
            async with self.database.unit_of_work(org_id) as session:
                found = await session.scalar(function, {"age": age, "most": _AT_ONCE})
            if not found:
                return deleted
            deleted += found
            went_on()

    async def _foreign(self) -> int:
        old = ForeignStripeEventRow.received_at < func.now() - self.periods.foreign_events
        async with self.database.transaction(ROLE) as session:
            gone = await session.scalars(delete(ForeignStripeEventRow).where(old).returning(ForeignStripeEventRow.type))
            return len(gone.all())

    async def _audit(self, org_id: str) -> dict[str, int]:
        signed = await self.roots.sign(org_id)
        before, archive, moved = datetime.now(UTC) - self.periods.audit, AuditArchive(self.database), 0
        try:
            if self.folder is not None:
                moved = await archive.archive(org_id, before, self.folder)
        except CommandFailed as error:
            _log.error("the audit log is not archived", org_id=org_id, error=str(error))
        left = await archive.overdue(org_id, before)
        return {"audit_entries": moved, "audit_entries_not_archived": left, "audit_roots_signed": len(signed)}


def _expired(periods: RetentionPeriods) -> Iterator[Expired]:
    closed = select(InvoiceRow.id).where(InvoiceRow.id == MailRow.invoice_id, InvoiceRow.status.not_in(_OPEN))
    yield "answers", IdempotencyKey, IdempotencyKey.expires_at < func.now()
    yield (
        "stripe_events",
        WebhookEvent,
        and_(WebhookEvent.handled_at.is_not(None), WebhookEvent.received_at < func.now() - periods.stripe_events),
    )
    settled = or_(closed.exists(), MailRow.invoice_id.is_(None))
    yield "mails", MailRow, and_(settled, MailRow.created_at < func.now() - periods.mails)
    computed = ComputedInvoiceRow.created_at < func.now() - periods.computed_invoices
    yield "computed_invoices", ComputedInvoiceRow, computed

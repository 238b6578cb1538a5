"""Retention: rows that are older than their period are deleted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Interval, bindparam, delete, func, select, text, tuple_, update

from billflow.errors import CommandFailed
from billflow.models.contracts.retention import RetentionPeriods
from billflow.models.tables import CustomerRow, ForeignStripeEventRow, Org, RowVersion
from billflow.ports.retention import RetentionRepository
from billflow.store.audit.archive import AuditArchive
from billflow.store.audit.expired import expired_rows
from billflow.store.audit.roots import AuditRoots
from billflow.store.session.database import Repository
from billflow.store.session.monitoring import ROLE, org_ids
from billflow.store.session.rows import as_id

_AT_ONCE = 500
_CUSTOMERS_AT_ONCE = 100
_AGE = bindparam("age", type_=Interval)
_DELIVERIES = text("SELECT billflow_delete_deliveries(now() - :age, :most)").bindparams(_AGE)
_EVENTS = text("SELECT billflow_delete_events(now() - :age, :most)").bindparams(_AGE)
_SEATS = text("SELECT billflow_delete_seats(now() - :age, :customers)").bindparams(_AGE)

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
            name: await self._delete(org_id, table, expired, went_on)
            for name, table, expired in expired_rows(self.periods)
        }
        deleted["seat_observations"] = await self._seats(org_id, went_on)
        # Deliveries first: an event stays as long as a delivery of it.
        deleted["deliveries"] = await self._call(org_id, _DELIVERIES, self.periods.deliveries, went_on)
        deleted["events"] = await self._call(org_id, _EVENTS, self.periods.events, went_on)
        deleted["foreign_events"] = await self._foreign()
        if (age := self.periods.former_states) is not None:
            deleted["former_states"] = await self._former_states(org_id, age, went_on)
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

    async def _seats(self, org_id: str, went_on: Callable[[], object]) -> int:
        """Delete reported seats customer by customer: an index by their age would cost each report."""
        ids, after, deleted = select(CustomerRow.id).order_by(CustomerRow.id), UUID(int=0), 0
        while True:
            async with self.database.unit_of_work(org_id) as session:
                some = (await session.scalars(ids.where(CustomerRow.id > after).limit(_CUSTOMERS_AT_ONCE))).all()
                if not some:
                    return deleted
                deleted += await session.scalar(_SEATS, {"age": self.periods.seats, "customers": some}) or 0
            after = some[-1]
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

    async def _former_states(self, org_id: str, age: timedelta, went_on: Callable[[], object]) -> int:
        """Delete what rows were before, once no answer as of then is given any more."""
        since = func.greatest(func.now() - age, Org.former_rows_since)
        async with self.database.unit_of_work(org_id) as session:
            mine = update(Org).where(Org.id == as_id(org_id, "organization")).values(former_rows_since=since)
            kept = await session.scalar(mine.returning(Org.former_rows_since))
        return await self._delete(org_id, RowVersion, RowVersion.until <= kept, went_on)

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

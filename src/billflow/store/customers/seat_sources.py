"""Seat sources as rows: where the seats of a customer come from, or of all that have no source of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.seat_sources import (
    CreatedSeatSource,
    NewSeatSource,
    SeatMemberRecord,
    SeatSourceKind,
    SeatSourceRecord,
)
from billflow.models.tables import SeatMemberRow, SeatPullRow, SeatSourceRow
from billflow.store.audit.recorder import recorder_of
from billflow.store.customers.transactions import load_customer
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.rows import as_id, as_record, existing, from_row, written
from billflow.store.webhooks.endpoints import fresh_secret

_THERE = select(SeatSourceRow).where(SeatSourceRow.removed_at.is_(None))


@dataclass(frozen=True)
class PostgresSeatSourceSettings(Repository):
    """Which sources there are; every method is one transaction.

    *check_url* raises `InvalidInput` for an address nothing may be asked at.
    """

    check_url: Callable[[str], str]

    async def set_source(self, org_id: str, new: NewSeatSource, change: ChangeContext) -> CreatedSeatSource:
        """Let seats come from there from now on, in place of the source before; raises `InvalidInput` or `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"{org_id} seat source {new.customer_id}")
            customer = await load_customer(session, new.customer_id) if new.customer_id else None
            await _remove(session, customer.id if customer else None)
            secret = self._secret(new)
            row = SeatSourceRow(
                org_id=as_id(org_id, "organization"),
                customer_id=customer.id if customer else None,
                kind=new.kind,
                target=self._target(new),
                query=new.query,
                secret=secret,
            )
            session.add(row)
            await written(session, row)
            detail = {"kind": row.kind, "customer_id": new.customer_id}
            recorder_of(session, row.org_id, change).audit("seat_source.set", ("seat_source", row.id), detail=detail)
            shown = SecretStr(secret) if secret and new.kind is SeatSourceKind.HTTP else None
            return CreatedSeatSource(record=as_record(SeatSourceRecord, row, counted=0, failing=0), secret=shown)

    async def list(self, org_id: str) -> tuple[SeatSourceRecord, ...]:
        """Return the sources, that of the organization first."""
        counted = func.count(SeatPullRow.counted_at).filter(SeatPullRow.code.is_(None))
        pulls = (
            select(SeatPullRow.seat_source_id, counted.label("counted"), func.count(SeatPullRow.code).label("failing"))
            .group_by(SeatPullRow.seat_source_id)
            .subquery()
        )
        query = (
            _THERE.add_columns(func.coalesce(pulls.c.counted, 0), func.coalesce(pulls.c.failing, 0))
            .outerjoin(pulls, pulls.c.seat_source_id == SeatSourceRow.id)
            .order_by(SeatSourceRow.customer_id.nulls_first())
        )
        async with self.database.unit_of_work(org_id) as session:
            rows = await session.execute(query)
            return tuple(
                as_record(SeatSourceRecord, row, counted=counted, failing=failing) for row, counted, failing in rows
            )

    async def remove(self, org_id: str, seat_source_id: str, change: ChangeContext) -> None:
        """Let seats come by reports alone again; raises `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            query = _THERE.where(SeatSourceRow.id == as_id(seat_source_id, "seat source"))
            row = existing((await session.scalars(query)).one_or_none(), "seat source", seat_source_id)
            await _remove(session, row.customer_id)
            recorder_of(session, row.org_id, change).audit("seat_source.removed", ("seat_source", row.id))

    async def members(self, org_id: str, customer_id: str) -> tuple[SeatMemberRecord, ...]:
        """Return who takes or took a seat at a customer's, the newest first."""
        mine = SeatMemberRow.customer_id == as_id(customer_id, "customer")
        query = select(SeatMemberRow).where(mine).order_by(SeatMemberRow.since.desc(), SeatMemberRow.member_hash)
        async with self.database.unit_of_work(org_id) as session:
            return tuple(from_row(SeatMemberRecord, row) for row in await session.scalars(query))

    def _target(self, new: NewSeatSource) -> str | None:
        is_url = new.kind is SeatSourceKind.HTTP or (new.target or "").startswith("http")
        return self.check_url(new.target) if is_url and new.target else new.target

    def _secret(self, new: NewSeatSource) -> str | None:
        if new.kind is SeatSourceKind.HTTP:
            return fresh_secret()
        return new.database_url.get_secret_value() if new.database_url else None


async def _remove(session: AsyncSession, customer_id: UUID | None) -> None:
    whose = SeatSourceRow.customer_id == customer_id if customer_id else SeatSourceRow.customer_id.is_(None)
    for row in await session.scalars(_THERE.where(whose).with_for_update()):
        row.removed_at, row.secret = func.now(), None
    await session.flush()

"""What every part of the customers' records works with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound, Refused
from billflow.domain.inheritance import merged
from billflow.models.contracts.customer_settings import CustomerSettings, checked_size
from billflow.models.contracts.customers import ChangeContext, CustomerRef, CustomerStatus
from billflow.models.tables import BillingAccountRow, ChannelRow, CustomerContact, CustomerRow, ProjectRow
from billflow.models.tables.base import Json
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.creation import explained
from billflow.store.session.database import Database, as_id
from billflow.store.session.mapping import as_json

Part = CustomerContact | BillingAccountRow | ProjectRow | ChannelRow
ManagedProcess = TypeVar("ManagedProcess", CustomerContact, BillingAccountRow, ProjectRow)


@dataclass(frozen=True)
class CustomerStore:
    """The database; every method is one transaction."""

    database: Database

    @asynccontextmanager
    async def _changing(self, ref: CustomerRef, change: ChangeContext) -> AsyncIterator[tuple[CustomerRow, Recorder]]:
        """Hold a customer for a change; raises `NotFound`, or `Refused` where what is unique belongs to another."""
        try:
            async with self.database.unit_of_work(ref.org_id) as session:
                customer = await held(session, ref)
                yield customer, recorder_of(session, customer.org_id, change)
        except IntegrityError as error:
            raise explained(error) from error

    @asynccontextmanager
    async def _reading(self, ref: CustomerRef) -> AsyncIterator[tuple[CustomerRow, AsyncSession]]:
        async with self.database.unit_of_work(ref.org_id) as session:
            yield await held(session, ref, lock=False), session


async def held(session: AsyncSession, ref: CustomerRef, *, lock: bool = True) -> CustomerRow:
    """Load a customer, and with *lock* hold it until the transaction ends.

    Raises `NotFound`, also for one that was deleted.
    """
    key = as_id(ref.customer_id, "customer")
    customer = await session.get(CustomerRow, key, with_for_update={"key_share": True} if lock else None)
    if customer is None or customer.deleted_at is not None:
        raise NotFound(f"There is no customer {ref.customer_id!r}.")
    return customer


async def part_of(
    session: AsyncSession, customer: CustomerRow, table: type[ManagedProcess], part_id: str, noun: str
) -> ManagedProcess:
    """Return a part of the customer by its id; raises `NotFound`, also for another customer's."""
    found = await session.get(table, as_id(part_id, noun))
    if found is None or found.customer_id != customer.id:
        raise NotFound(f"There is no {noun} {part_id!r} of that customer.")
    return found


def check_writable(customer: CustomerRow) -> None:
    """Raise `Refused` unless projects may be changed: they are read-only while the customer is suspended."""
    if customer.status is not CustomerStatus.ACTIVE:
        raise Refused(
            f"The customer is {customer.status} and its projects are read-only; activate it first.",
            code="customer_not_active",
        )


def overwrite(row: Part, update: BaseModel) -> tuple[Json, Json]:
    """Put what *update* gives into the row, settings merged; return those fields as they were, and as they are now."""
    before: Json = {}
    after: Json = {}
    for name in sorted(update.model_fields_set):
        known, value = getattr(row, name), _stored(row, name, getattr(update, name))
        if known != value:
            before[name], after[name] = known, value
            setattr(row, name, value)
    return as_json(before), as_json(after)


def note(recorder: Recorder, action: str, customer_id: UUID, row: Part, *states: Json) -> None:
    """Audit what happened to a part of a customer, with its state before and after, and tell the world."""
    noun = action.partition(".")[0]
    before, after = states if len(states) > 1 else (None, *states)
    recorder.audit(action, (noun, row.id), before=before, after=after, detail={"customer_id": str(customer_id)})
    recorder.say(action, {f"{noun}_id": str(row.id)}, customer_id=customer_id)


def _stored(row: Part, name: str, value: Any) -> Any:
    if isinstance(value, CustomerSettings):
        return checked_size(merged(getattr(row, name), value.given()))
    return UUID(value) if name == "billing_account_id" else value

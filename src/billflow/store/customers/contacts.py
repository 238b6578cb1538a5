"""The people at a customer; at most one of them is the primary contact."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customer_resources import ContactCreate, ContactUpdate
from billflow.models.contracts.customers import ContactRecord, CustomerRef
from billflow.models.tables import CustomerContact, CustomerRow
from billflow.store.customers.resources import ResourceRepository
from billflow.store.session.database import Reading
from billflow.store.session.plain_rows import plain_rows
from billflow.store.session.rows import as_record


class PostgresContactRepository(ResourceRepository[CustomerRef, ContactCreate, ContactUpdate, ContactRecord]):
    """Contacts, the primary one first; making one primary unmakes the other in the same transaction."""

    table, record, noun = CustomerContact, ContactRecord, "contact"
    order = (CustomerContact.is_primary.desc(), CustomerContact.created_at, CustomerContact.id)
    audited = ("email", "name", "is_primary")

    async def _values(self, session: AsyncSession, customer: CustomerRow, new: ContactCreate) -> dict[str, Any]:
        if new.is_primary:
            await _unmake_primary(session, customer.id)
        return new.model_dump()

    async def _before_update(
        self, session: AsyncSession, customer: CustomerRow, row: CustomerContact, update: ContactUpdate
    ) -> None:
        if update.is_primary and not row.is_primary:
            await _unmake_primary(session, customer.id)


async def contacts_of(session: AsyncSession | Reading, customer_id: UUID) -> tuple[ContactRecord, ...]:
    """Return a customer's contacts in their order."""
    rows = await plain_rows(session, _OF_CUSTOMER, {"customer": customer_id})
    return tuple(as_record(ContactRecord, row) for (row,) in rows)


_OF_CUSTOMER = (
    select(CustomerContact)
    .where(CustomerContact.customer_id == bindparam("customer"))
    .order_by(*PostgresContactRepository.order)
)


async def _unmake_primary(session: AsyncSession, customer_id: UUID) -> None:
    mine = update(CustomerContact).where(CustomerContact.customer_id == customer_id, CustomerContact.is_primary)
    await session.execute(mine.values(is_primary=False))

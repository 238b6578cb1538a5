"""The people at a customer; at most one of them is the primary contact."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customer_resources import ContactCreate, ContactUpdate
from billflow.models.contracts.customers import ContactRecord, CustomerRef
from billflow.models.tables import CustomerContact, CustomerRow
from billflow.store.customers.resources import ResourceRepository
from billflow.store.session.plain_rows import PlainQuery, plain
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


async def contacts_of(session: AsyncSession, customer_id: UUID) -> tuple[ContactRecord, ...]:
    """Return a customer's contacts in their order."""
    query, contact = _of_customer()
    rows = await session.execute(query, {"customer": customer_id})
    return tuple(as_record(ContactRecord, contact(row)[0]) for row in rows)


@cache
def _of_customer() -> PlainQuery:
    mine = CustomerContact.customer_id == bindparam("customer")
    return plain(select(CustomerContact).where(mine).order_by(*PostgresContactRepository.order))


async def _unmake_primary(session: AsyncSession, customer_id: UUID) -> None:
    mine = update(CustomerContact).where(CustomerContact.customer_id == customer_id, CustomerContact.is_primary)
    await session.execute(mine.values(is_primary=False))

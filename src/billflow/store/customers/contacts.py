"""The people at a customer; at most one of them is the primary contact."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customer_resources import ContactChange, NewContact
from billflow.models.contracts.customers import ChangeContext, ContactRecord, CustomerRef
from billflow.models.tables import CustomerContact
from billflow.store.customers.base import CustomerStore, note, overwrite, part_of


@dataclass(frozen=True)
class Contacts(CustomerStore):
    """Contacts of a customer; making one primary unmakes the other in the same transaction."""

    async def contacts(self, ref: CustomerRef) -> tuple[ContactRecord, ...]:
        """Return all contacts, the primary one first."""
        async with self._reading(ref) as (customer, session):
            return await contacts_of(session, customer.id)

    async def contact(self, ref: CustomerRef, contact_id: str) -> ContactRecord:
        """Return one contact; raises `NotFound`."""
        async with self._reading(ref) as (customer, session):
            return _record(await part_of(session, customer, CustomerContact, contact_id, "contact"))

    async def add_contact(self, ref: CustomerRef, new: NewContact, change: ChangeContext) -> ContactRecord:
        """Add a contact; raises `Refused` where the customer has one with that address."""
        async with self._changing(ref, change) as (customer, recorder):
            row = CustomerContact(id=uuid4(), org_id=customer.org_id, customer_id=customer.id, **new.model_dump())
            if new.is_primary:
                await _unmake_primary(recorder.session, customer.id)
            recorder.session.add(row)
            note(recorder, "contact.created", customer.id, row, new.model_dump(mode="json"))
            return await _written(recorder.session, row)

    async def change_contact(
        self, ref: CustomerRef, contact_id: str, asked: ContactChange, change: ChangeContext
    ) -> ContactRecord:
        """Change what *asked* names; raises `NotFound` or `Refused`."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await part_of(recorder.session, customer, CustomerContact, contact_id, "contact")
            if asked.is_primary and not row.is_primary:
                await _unmake_primary(recorder.session, customer.id)
            before, after = overwrite(row, asked)
            if after:
                note(recorder, "contact.updated", customer.id, row, before, after)
            return await _written(recorder.session, row)

    async def remove_contact(self, ref: CustomerRef, contact_id: str, change: ChangeContext) -> None:
        """Remove a contact; raises `NotFound`."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await part_of(recorder.session, customer, CustomerContact, contact_id, "contact")
            note(recorder, "contact.deleted", customer.id, row, {"email": row.email, "name": row.name}, {})
            await recorder.session.delete(row)


async def contacts_of(session: AsyncSession, customer_id: UUID) -> tuple[ContactRecord, ...]:
    """Return a customer's contacts, the primary one first, then the oldest."""
    query = select(CustomerContact).where(CustomerContact.customer_id == customer_id)
    order = (CustomerContact.is_primary.desc(), CustomerContact.created_at, CustomerContact.id)
    return tuple(map(_record, await session.scalars(query.order_by(*order))))


async def _unmake_primary(session: AsyncSession, customer_id: UUID) -> None:
    mine = update(CustomerContact).where(CustomerContact.customer_id == customer_id, CustomerContact.is_primary)
    await session.execute(mine.values(is_primary=False))


async def _written(session: AsyncSession, row: CustomerContact) -> ContactRecord:
    await session.flush()
    await session.refresh(row)
    return _record(row)


def _record(row: CustomerContact) -> ContactRecord:
    return ContactRecord(
        contact_id=str(row.id),
        customer_id=str(row.customer_id),
        email=row.email,
        name=row.name,
        is_primary=row.is_primary,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )

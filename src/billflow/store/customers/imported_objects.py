"""What things of another billing system became, by their external ids, also once a customer is erased."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.imports import ImportKind
from billflow.models.contracts.keys import import_key
from billflow.models.tables import CustomerPlan, ImportedObjectRow, OpeningInvoiceRow


async def imported_id(session: AsyncSession, kind: ImportKind, external_id: str) -> UUID | None:
    """Return what a thing was imported as, None where it is new; raises `Refused` where its customer is erased."""
    erased = import_key(external_id)
    query = select(ImportedObjectRow).where(
        ImportedObjectRow.kind == kind, ImportedObjectRow.external_id.in_([external_id, erased])
    )
    row = (await session.scalars(query)).one_or_none()
    if row is not None and row.external_id == erased:
        raise Refused(
            f"The customer of {external_id} was imported and erased since; leave it out.", code="erased_since"
        )
    return row.object_id if row else None


async def erase_imported_objects(session: AsyncSession, customer_id: UUID) -> None:
    """Leave a digest of each external id of a customer's, and no number or id on its opening invoices."""
    ids = [customer_id]
    for table in (CustomerPlan, OpeningInvoiceRow):
        ids += await session.scalars(select(table.id).where(table.customer_id == customer_id))
    query = select(ImportedObjectRow.kind, ImportedObjectRow.external_id)
    for kind, external_id in (await session.execute(query.where(ImportedObjectRow.object_id.in_(ids)))).all():
        this = ImportedObjectRow.kind == kind, ImportedObjectRow.external_id == external_id
        await session.execute(update(ImportedObjectRow).where(*this).values(external_id=import_key(external_id)))
    theirs = update(OpeningInvoiceRow).where(OpeningInvoiceRow.customer_id == customer_id)
    await session.execute(theirs.values(external_id="", number=None))

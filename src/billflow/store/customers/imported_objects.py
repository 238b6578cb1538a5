"""What things of another billing system became, by their external ids, also once a customer is erased."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.imports import ImportKind
from billflow.models.contracts.keys import import_key
from billflow.models.tables import CustomerPlan, ImportedObjectRow, OpeningInvoiceLineRow, OpeningInvoiceRow
from billflow.store.audit.recorder import Recorder


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


def note_imported(recorder: Recorder, kind: ImportKind, external_id: str, object_id: UUID) -> None:
    """Remember what a thing was imported as."""
    about = {"kind": kind, "external_id": external_id, "object_id": object_id}
    recorder.session.add(ImportedObjectRow(org_id=recorder.org_id, at=recorder.at, **about))


async def erase_imported_objects(session: AsyncSession, customer_id: UUID) -> None:
    """Leave a digest of each external id of a customer's, and no number, id or text on its opening invoices."""
    ids = [customer_id]
    for table in (CustomerPlan, OpeningInvoiceRow):
        ids += await session.scalars(select(table.id).where(table.customer_id == customer_id))
    query = select(ImportedObjectRow.kind, ImportedObjectRow.external_id)
    for kind, external_id in (await session.execute(query.where(ImportedObjectRow.object_id.in_(ids)))).all():
        this = ImportedObjectRow.kind == kind, ImportedObjectRow.external_id == external_id
        await session.execute(update(ImportedObjectRow).where(*this).values(external_id=import_key(external_id)))
    theirs = update(OpeningInvoiceRow).where(OpeningInvoiceRow.customer_id == customer_id)
    await session.execute(theirs.values(external_id="", number=None))
    lines = update(OpeningInvoiceLineRow).where(OpeningInvoiceLineRow.opening_invoice_id.in_(ids))
    await session.execute(lines.values(description=""))

"""The lines of an invoice, and the ledger entries that they bill."""

from uuid import UUID

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import InvoiceLineRow, InvoiceRow, LedgerAllocation, LicenseLedger
from billflow.store.session.rows import objects_of


async def lines_of(session: AsyncSession, invoice_id: UUID) -> list[InvoiceLineRow]:
    """Load the lines of an invoice in order."""
    return list(await session.scalars(_LINES, {"of_invoice": invoice_id}))


_LINES = select(InvoiceLineRow).where(InvoiceLineRow.invoice_id == bindparam("of_invoice")).order_by(InvoiceLineRow.n)


# PostgreSQL takes `coalesce` for a function that may leak, which under row-level security reads all allocations.
_BILLS = case((InvoiceLineRow.replaces_line_id.is_(None), InvoiceLineRow.id), else_=InvoiceLineRow.replaces_line_id)
_ENTRIES = func.array(
    select(LicenseLedger.seq)
    .join(LedgerAllocation, LedgerAllocation.entry_id == LicenseLedger.id)
    .where(LedgerAllocation.invoice_line_id == _BILLS)
    .order_by(LicenseLedger.seq)
    .correlate(InvoiceLineRow)
    .scalar_subquery()
)
_SHOWN = ("n", "kind", "description", "quantity", "unit_amount", "amount", "period_start", "period_end", "derivation")
_OBJECT = {
    "line_id": InvoiceLineRow.id,
    **{name: getattr(InvoiceLineRow, name) for name in (*_SHOWN, "tax", "applied_tax")},
    "entries": _ENTRIES,
}
LINES_SHOWN = objects_of(_OBJECT, InvoiceLineRow.n, InvoiceLineRow.invoice_id == InvoiceRow.id)
"""The lines of an invoice as objects with the fields of a `LineRecord`: entries are those it bills or stands for."""

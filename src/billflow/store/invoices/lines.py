"""The lines of an invoice, and the ledger entries that they bill."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import InvoiceLineRow, LedgerAllocation, LicenseLedger
from billflow.store.session.plain_rows import plain_rows


async def lines_of(session: AsyncSession, invoice_id: UUID) -> list[InvoiceLineRow]:
    """Load the lines of an invoice in order."""
    return list(await session.scalars(_LINES, {"of_invoice": invoice_id}))


_LINES = select(InvoiceLineRow).where(InvoiceLineRow.invoice_id == bindparam("of_invoice")).order_by(InvoiceLineRow.n)


async def lines_with_entries(session: AsyncSession, invoice_id: UUID) -> list[tuple[Any, Sequence[int]]]:
    """Load the same, only to be read, with the sequence numbers of the entries that each line bills or stands for."""
    rows = await plain_rows(session, _WITH_ENTRIES, {"of_invoice": invoice_id})
    return [(line, entries) for line, entries in rows]


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
_WITH_ENTRIES = _LINES.add_columns(_ENTRIES)

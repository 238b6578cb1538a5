"""The lines of an invoice, and the ledger entries that they bill."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import InvoiceLineRow, LedgerAllocation, LicenseLedger


async def lines_of(session: AsyncSession, invoice_id: UUID) -> list[InvoiceLineRow]:
    """Load the lines of an invoice in order."""
    return list(await session.scalars(_LINES, {"of_invoice": invoice_id}))


_LINES = select(InvoiceLineRow).where(InvoiceLineRow.invoice_id == bindparam("of_invoice")).order_by(InvoiceLineRow.n)


async def billed_entries(session: AsyncSession, lines: Iterable[UUID]) -> dict[UUID, list[int]]:
    """Return the sequence numbers of the entries that each line bills."""
    query = (
        select(LedgerAllocation.invoice_line_id, LicenseLedger.seq)
        .join(LicenseLedger, LicenseLedger.id == LedgerAllocation.entry_id)
        .where(LedgerAllocation.invoice_line_id.in_(list(lines)))
        .order_by(LicenseLedger.seq)
    )
    billed: dict[UUID, list[int]] = {}
    for line_id, seq in await session.execute(query):
        if line_id is not None:
            billed.setdefault(line_id, []).append(seq)
    return billed

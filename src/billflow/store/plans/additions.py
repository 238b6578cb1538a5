"""What was billed of the licenses added in the running cycle, with what followed when an end date moved."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.additions import BilledAddition
from billflow.domain.invoicing.draft import ADDITIONS, END_DATE_CHANGES, Line
from billflow.domain.invoicing.end_dates import additions_after
from billflow.domain.ledger import LedgerEntry
from billflow.domain.proration import Derivation
from billflow.models.tables import InvoiceLineRow, InvoiceRow
from billflow.store.adjustments.records import IS_ADJUSTED
from billflow.store.plans.cycle_charges import ENTRIES, LINES_ABOUT, NOT_CHARGED, left_of

_DERIVATION = TypeAdapter(Derivation)

_BILLED = (
    select(InvoiceLineRow, InvoiceRow, LINES_ABOUT.c.entry_id, IS_ADJUSTED)
    .join(LINES_ABOUT, LINES_ABOUT.c.line_id == InvoiceLineRow.id)
    .join(InvoiceRow, InvoiceRow.id == InvoiceLineRow.invoice_id)
    .where(InvoiceLineRow.kind.in_((*ADDITIONS, *END_DATE_CHANGES)))
    .where(InvoiceRow.replaced_by_invoice_id.is_(None))
    .order_by(InvoiceRow.issued_at, InvoiceRow.created_at, InvoiceRow.id, InvoiceLineRow.n)
)


async def billed_additions(session: AsyncSession, ledger: Mapping[UUID, LedgerEntry]) -> tuple[BilledAddition, ...]:
    """Load the additions that bill entries of *ledger*, with the lines that adjust them (rules 8.9)."""
    rows = (await session.execute(_BILLED, {ENTRIES: list(ledger)})).all()
    left = await left_of(session, {invoice.id: invoice for _, invoice, _, is_adjusted in rows if is_adjusted})
    lines: dict[UUID, Line] = {}
    credited: set[int] = set()
    for row, invoice, entry_id, _ in rows:
        seq = min([ledger[entry_id].seq, *(lines[row.id].entries if row.id in lines else ())])
        lines[row.id] = _line(row, seq)
        if invoice.status in NOT_CHARGED or left.get(row.id, row.amount) != row.amount:
            credited.add(seq)
    # The parts of one line come in any order, but after the first, and before what adjusts them.
    ordered = sorted(lines.values(), key=lambda line: (line.kind in END_DATE_CHANGES, line.adjusts is not None))
    additions = additions_after((), ordered)
    return tuple(replace(addition, credited=addition.seq in credited) for addition in additions)


def _line(row: InvoiceLineRow, seq: int) -> Line:
    adjusts = None if row.adjusts_entry_id is None else seq
    return Line(row.kind, row.description, _DERIVATION.validate_python(row.derivation), (seq,), adjusts)

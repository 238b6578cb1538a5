"""What was charged for a plan's running cycle, and how much of it was not refunded or credited."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import CTE, DateTime, Select, Uuid, and_, bindparam, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.additions import ChargedLine
from billflow.domain.adjustments import kept
from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import NO_CYCLE, InvoiceKind
from billflow.domain.ledger import LedgerEntry, last_renewal_at
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import InvoiceLineRow, InvoiceRow, LedgerAllocation
from billflow.store.adjustments.records import IS_ADJUSTED, load_money, standing_of

_PURCHASES = (InvoiceKind.PURCHASE, InvoiceKind.TRIAL_PURCHASE)
NOT_CHARGED = (InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE)
ENTRIES, _RENEWED_AT = "entries", "renewed_at"
"""The parameters of the statements, which are made once: to put them together took longer than their answers."""

_FOUND_ONCE = "MATERIALIZED"
"""In a database that was not analyzed yet PostgreSQL would find them again for every invoice: 12 s for 132 invoices."""


async def charged_lines(
    session: AsyncSession, ledger: Mapping[UUID, LedgerEntry], at: datetime
) -> tuple[ChargedLine, ...]:
    """Load the lines of the invoices that bill the running cycle's ledger entries.

    So the purchase counts whatever dates it names, that of a trial paid late too, and so do all parts of an invoice
    that was too large for one charge, and what an invoice was issued again as. Invoices that are void, uncollectible or
    replaced are no charge, and lines for the cycle before are left out. Where no entry is billed yet nothing is read.
    """
    renewal = last_renewal_at([entry for entry in ledger.values() if entry.add_on is None], at)
    if renewal is None:
        return ()
    running = [entry_id for entry_id, entry in ledger.items() if entry.seq >= renewal.seq]
    if not any(ledger[entry_id].allocated for entry_id in running):
        return ()
    rows = (await session.execute(_CHARGED, {ENTRIES: running, _RENEWED_AT: renewal.event_time})).all()
    left = await left_of(session, {invoice.id: invoice for _, invoice, is_adjusted in rows if is_adjusted})
    return tuple(
        ChargedLine(
            _gross(line, invoice, left.get(line.id, line.amount)),
            Period(line.period_start, line.period_end),
            is_paid(invoice),
            str(line.id),
        )
        for line, invoice, _ in rows
    )


def _gross(line: InvoiceLineRow, invoice: InvoiceRow, left: int | Fraction) -> int | Fraction:
    """Return what is *left* of a line, with the same part of the tax that was added to it."""
    if invoice.tax_inclusive or not line.tax:
        return left
    return left * Fraction(line.amount + line.tax, line.amount)


def _lines_about() -> CTE:
    entries = bindparam(ENTRIES, type_=Uuid(), expanding=True)
    bills = select(LedgerAllocation.invoice_line_id.label("line_id"), LedgerAllocation.entry_id.label("entry_id"))
    adjusts = select(InvoiceLineRow.id, InvoiceLineRow.adjusts_entry_id)
    again = select(InvoiceLineRow.id, LedgerAllocation.entry_id).join(
        LedgerAllocation, LedgerAllocation.invoice_line_id == InvoiceLineRow.replaces_line_id
    )
    return (
        union_all(
            bills.where(LedgerAllocation.entry_id.in_(entries)),
            adjusts.where(InvoiceLineRow.adjusts_entry_id.in_(entries)),
            again.where(LedgerAllocation.entry_id.in_(entries)),
        )
        .cte("lines_about")
        .prefix_with(_FOUND_ONCE)
    )


LINES_ABOUT = _lines_about()
"""The lines that bill the ledger entries given as `ENTRIES`, or adjust a line that does: `line_id` and `entry_id`.

The lines of an invoice that was issued again stand for those that the ledger names.
"""


def _charged() -> Select[InvoiceLineRow, InvoiceRow, bool]:
    steps = _steps()
    same_step = and_(
        InvoiceRow.plan_id == steps.c.plan_id,
        InvoiceRow.issued_at >= steps.c.since,
        InvoiceRow.step_key == steps.c.step_key,
    )
    renewed_at = bindparam(_RENEWED_AT, type_=DateTime(timezone=True))
    paid_for = or_(InvoiceRow.kind.in_(_PURCHASES), InvoiceLineRow.period_end > renewed_at)
    return (
        select(InvoiceLineRow, InvoiceRow, IS_ADJUSTED)
        .select_from(steps)
        .join(InvoiceRow, same_step)
        .join(InvoiceLineRow, InvoiceLineRow.invoice_id == InvoiceRow.id)
        .where(InvoiceRow.status.not_in(NOT_CHARGED), paid_for)
        .where(InvoiceRow.replaced_by_invoice_id.is_(None))
        .where(InvoiceLineRow.kind.not_in(NO_CYCLE))
        .order_by(InvoiceRow.issued_at, InvoiceRow.id, InvoiceLineRow.n)
    )


def _steps() -> CTE:
    """Return the steps that bill the entries: all invoices of one are issued when it is taken, or again later."""
    bills = select(InvoiceLineRow.invoice_id).join(LINES_ABOUT, LINES_ABOUT.c.line_id == InvoiceLineRow.id)
    since = func.min(InvoiceRow.issued_at).label("since")
    billing = select(InvoiceRow.plan_id, InvoiceRow.step_key, since).where(InvoiceRow.id.in_(bills))
    return billing.group_by(InvoiceRow.plan_id, InvoiceRow.step_key).cte("steps").prefix_with(_FOUND_ONCE)


_CHARGED = _charged()


async def left_of(session: AsyncSession, invoices: Mapping[UUID, InvoiceRow]) -> dict[UUID, Fraction]:
    """Return what of each line of invoices that were credited or refunded was not given back, by the line's id."""
    left: dict[UUID, Fraction] = {}
    for invoice in invoices.values():
        shares = kept(standing_of(await load_money(session, invoice)))
        left |= {UUID(line): amount for line, amount in shares.items()}
    return left


def is_paid(invoice: InvoiceRow) -> bool:
    """Tell whether nothing is left to pay."""
    if invoice.status is InvoiceStatus.PAID:
        return True
    return invoice.total <= 0 and invoice.status is not InvoiceStatus.VOID

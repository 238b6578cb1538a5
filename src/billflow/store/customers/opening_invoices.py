"""Invoices that another system issued: facts of a customer's account, which nothing here bills or collects."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.account_facts import ChargedInvoice
from billflow.models.contracts.imports import ImportOutcome, InvoiceLineOpening, InvoiceOpening, OpeningInvoiceStatus
from billflow.models.tables import CustomerRow, OpeningInvoiceLineRow, OpeningInvoiceRow

DUE_AFTER = timedelta(days=30)
"""When an invoice is due that names no date."""

_MAY_CHANGE = ("status", "amount_paid", "paid_at", "closed_at")


async def write_opening_invoice(
    session: AsyncSession,
    customer: CustomerRow,
    opening: tuple[InvoiceOpening, Sequence[InvoiceLineOpening]],
    known: UUID | None,
    plan_id: UUID | None,
) -> tuple[OpeningInvoiceRow, ImportOutcome]:
    """Write an invoice with its lines, or what became of one that was open when it was imported before.

    Lines are taken once: with the invoice, or later where it was imported without any.
    """
    invoice, lines = opening
    if known is not None:
        row = await session.get_one(OpeningInvoiceRow, known, with_for_update=True)
        added = await _add_lines(session, row, lines)
        followed = _follow(row, invoice)
        return row, ImportOutcome.UPDATED if added else followed
    row = _new(customer, invoice, plan_id)
    session.add(row)
    await session.flush()
    await _add_lines(session, row, lines)
    return row, ImportOutcome.IMPORTED


def _new(customer: CustomerRow, opening: InvoiceOpening, plan_id: UUID | None) -> OpeningInvoiceRow:
    return OpeningInvoiceRow(
        id=uuid4(),
        org_id=customer.org_id,
        customer_id=customer.id,
        plan_id=plan_id,
        **opening.model_dump(exclude={"customer", "plan", "due_at"}),
        due_at=opening.due_at or opening.issued_at + DUE_AFTER,
    )


async def _add_lines(
    session: AsyncSession, row: OpeningInvoiceRow, lines: Sequence[InvoiceLineOpening]
) -> Sequence[OpeningInvoiceLineRow]:
    has_lines = exists().where(OpeningInvoiceLineRow.opening_invoice_id == row.id)
    if not lines or await session.scalar(select(has_lines)):
        return ()
    added = [
        OpeningInvoiceLineRow(org_id=row.org_id, opening_invoice_id=row.id, n=n, **line.model_dump(exclude={"invoice"}))
        for n, line in enumerate(lines, 1)
    ]
    session.add_all(added)
    return added


def _follow(row: OpeningInvoiceRow, opening: InvoiceOpening) -> ImportOutcome:
    """Take over how the other system closed an open invoice; one that is closed stays as it is."""
    changed = [name for name in _MAY_CHANGE if getattr(row, name) != getattr(opening, name)]
    if row.status is not OpeningInvoiceStatus.OPEN or not changed:
        return ImportOutcome.KNOWN
    for name in changed:
        setattr(row, name, getattr(opening, name))
    return ImportOutcome.UPDATED


async def opening_invoices(session: AsyncSession, customer: CustomerRow) -> Sequence[OpeningInvoiceRow]:
    """Load a customer's, the oldest first; what one left that credits is in the balance."""
    query = select(OpeningInvoiceRow).where(OpeningInvoiceRow.customer_id == customer.id, OpeningInvoiceRow.total >= 0)
    return (await session.scalars(query.order_by(OpeningInvoiceRow.issued_at, OpeningInvoiceRow.id))).all()


def as_charged(row: OpeningInvoiceRow) -> ChargedInvoice:
    """Return the invoice as a statement of account has it: what was paid of an open one counts from its issue on."""
    return ChargedInvoice(
        invoice_id=str(row.id),
        number=row.number or row.external_id,
        total=row.total,
        issued_at=row.issued_at,
        due_at=row.due_at,
        amount_paid=row.amount_paid,
        paid_at=row.paid_at or (row.issued_at if row.amount_paid else None),
        voided_at=row.closed_at if row.status is OpeningInvoiceStatus.VOID else None,
        written_off_at=row.closed_at if row.status is OpeningInvoiceStatus.UNCOLLECTIBLE else None,
    )

"""The credit notes and refunds of one invoice, loaded together: how its money stands, and how each is shown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.adjustments import InvoiceMoney
from billflow.domain.document_numbers import AdjustmentNoun, document_number
from billflow.domain.invoicing.draft import LineKind
from billflow.models.contracts.adjustments import (
    AdjustmentRef,
    AdjustmentStatus,
    CreditedLine,
    CreditNoteRecord,
    RefundRecord,
)
from billflow.models.contracts.records import LineRecord
from billflow.models.contracts.tax import TaxRecord
from billflow.models.tables import (
    AdjustmentResultRow,
    CreditNoteLineRow,
    CreditNoteRow,
    InvoiceLineRow,
    InvoiceRow,
    RefundRow,
)
from billflow.store.invoices.lines import lines_of
from billflow.store.session.rows import as_record, row_by_id


@dataclass(frozen=True)
class AdjustmentResults:
    """What Stripe said of credit notes and refunds last, and which documents of their kind they are."""

    results: Mapping[UUID, AdjustmentResultRow]
    documents: Mapping[UUID, int]

    def number(self, row: CreditNoteRow | RefundRow) -> str | None:
        """Return the number of a credit note or refund; only what succeeded has one."""
        kind: AdjustmentNoun = "credit_note" if isinstance(row, CreditNoteRow) else "refund"
        n = self.documents.get(row.id)
        return None if n is None else document_number(kind, n)

    def status(self, row: CreditNoteRow | RefundRow) -> AdjustmentStatus:
        """Return how a credit note or refund stands."""
        result = self.results.get(row.id)
        return result.status if result else AdjustmentStatus.REQUESTED

    def counts(self, row: CreditNoteRow | RefundRow) -> bool:
        """Tell whether its money has moved, or may have."""
        return self.status(row).counts


@dataclass(frozen=True)
class Money(AdjustmentResults):
    """An invoice with its lines, credit notes, refunds and the newest result of each of them."""

    invoice: InvoiceRow
    lines: Sequence[InvoiceLineRow]
    notes: Sequence[CreditNoteRow]
    note_lines: Sequence[CreditNoteLineRow]
    refunds: Sequence[RefundRow]


IS_ADJUSTED = or_(
    select(CreditNoteRow.id).where(CreditNoteRow.invoice_id == InvoiceRow.id).exists(),
    select(RefundRow.id).where(RefundRow.invoice_id == InvoiceRow.id).exists(),
)
"""Whether an invoice has credit notes or refunds."""


class _LineMoney(NamedTuple):
    """What `standing_of` reads of a line."""

    id: str
    kind: LineKind
    amount: int
    tax: int


def money_unadjusted(invoice: InvoiceRow, lines: Sequence[LineRecord]) -> Money:
    """Return the money of an invoice that has neither credit notes nor refunds."""
    money: Any = [_LineMoney(line.line_id, line.kind, line.amount, line.tax) for line in lines]
    return Money({}, {}, invoice, money, (), (), ())


async def load_money(session: AsyncSession, invoice: InvoiceRow) -> Money:
    """Load everything about the money of an invoice."""
    notes = select(CreditNoteRow).where(CreditNoteRow.invoice_id == invoice.id).order_by(CreditNoteRow.n)
    refunds = select(RefundRow).where(RefundRow.invoice_id == invoice.id).order_by(RefundRow.at, RefundRow.id)
    found_notes, found_refunds = (await session.scalars(notes)).all(), (await session.scalars(refunds)).all()
    note_ids = [note.id for note in found_notes]
    note_lines = select(CreditNoteLineRow).where(CreditNoteLineRow.credit_note_id.in_(note_ids))
    known = await results_of(session, found_notes, found_refunds)
    return Money(
        invoice=invoice,
        lines=await lines_of(session, invoice.id),
        notes=found_notes,
        note_lines=(await session.scalars(note_lines)).all() if note_ids else (),
        refunds=found_refunds,
        results=known.results,
        documents=known.documents,
    )


async def results_of(
    session: AsyncSession, notes: Sequence[CreditNoteRow], refunds: Sequence[RefundRow]
) -> AdjustmentResults:
    """Load what Stripe said of credit notes and refunds."""
    if not notes and not refunds:
        return AdjustmentResults({}, {})
    of_note = AdjustmentResultRow.credit_note_id.in_([note.id for note in notes])
    of_refund = AdjustmentResultRow.refund_id.in_([refund.id for refund in refunds])
    query = select(AdjustmentResultRow).where(or_(of_note, of_refund)).order_by(AdjustmentResultRow.sequence)
    rows = await session.scalars(query)
    found = [(subject, result) for result in rows if (subject := result.credit_note_id or result.refund_id)]
    numbered = {subject: result.document_n for subject, result in found if result.document_n is not None}
    return AdjustmentResults(dict(found), numbered)


def standing_of(money: Money) -> InvoiceMoney:
    """Return how the money stands; what Stripe refused or could not carry out does not count."""
    invoice = money.invoice
    notes = [note for note in money.notes if money.counts(note)]
    refunds = [refund for refund in money.refunds if money.counts(refund)]
    counted = {note.id for note in notes}
    credited: dict[str, int] = {}
    for line in money.note_lines:
        if line.credit_note_id in counted:
            key = str(line.invoice_line_id)
            credited[key] = credited.get(key, 0) + line.amount
    return InvoiceMoney(
        status=invoice.status,
        currency=invoice.currency,
        total=invoice.total,
        amount_due=invoice.total if invoice.amount_due is None else invoice.amount_due,
        amount_paid=invoice.amount_paid,
        out_of_band=invoice.out_of_band_reference,
        credited=sum(note.amount for note in notes),
        credited_before_payment=sum(note.before_payment for note in notes),
        refunded=sum(refund.amount for refund in refunds),
        refunded_by_notes=sum(refund.amount for refund in refunds if refund.credit_note_id is not None),
        lines={str(line.id): line.amount for line in money.lines},
        credited_lines=credited,
        taxes={str(line.id): line.tax for line in money.lines if line.kind is LineKind.TAX},
        taxes_back=_summed([*(note.taxes for note in notes), *(refund.taxes for refund in refunds)]),
        inclusive=invoice.tax_inclusive,
    )


def _summed(many: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for taxes in many:
        for line_id, tax in taxes.items():
            sums[line_id] = sums.get(line_id, 0) + tax
    return sums


def refund_record(money: Money, refund: RefundRow) -> RefundRecord:
    """Return a refund as it is shown."""
    return as_record(RefundRecord, refund, **_result(money, refund))


def note_record(money: Money, note: CreditNoteRow) -> CreditNoteRecord:
    """Return a credit note as it is shown, its lines in the invoice's order."""
    credited = {line.invoice_line_id: line.amount for line in money.note_lines if line.credit_note_id == note.id}
    lines = tuple(
        CreditedLine(line_id=str(line.id), description=line.description, amount=credited[line.id])
        for line in money.lines
        if line.id in credited
    )
    return as_record(CreditNoteRecord, note, lines=lines, **_result(money, note))


def _result(money: Money, row: CreditNoteRow | RefundRow) -> dict[str, object]:
    result = money.results.get(row.id)
    return {
        "taxes": _taxes(money, row),
        "number": money.number(row),
        "status": money.status(row),
        "stripe_id": result.stripe_id if result else None,
        "message": result.message if result else None,
    }


def _taxes(money: Money, row: CreditNoteRow | RefundRow) -> tuple[TaxRecord, ...]:
    """Return the tax in a credit note or refund, rate by rate in the invoice's order."""
    base = row.amount - sum(row.taxes.values())
    return tuple(
        TaxRecord(**line.applied_tax, base=base, tax=row.taxes[str(line.id)])
        for line in money.lines
        if line.applied_tax and str(line.id) in row.taxes
    )


def adjustment_record(money: Money, row: CreditNoteRow | RefundRow) -> CreditNoteRecord | RefundRecord:
    """Return a credit note or refund as it is shown."""
    return refund_record(money, row) if isinstance(row, RefundRow) else note_record(money, row)


async def adjustment_by_id(session: AsyncSession, ref: AdjustmentRef) -> CreditNoteRow | RefundRow:
    """Return the row of a credit note or refund; raises `NotFound`."""
    noun = ref.kind.replace("_", " ")
    table: type[RefundRow | CreditNoteRow] = RefundRow if ref.kind == "refund" else CreditNoteRow
    return await row_by_id(session, table, ref.adjustment_id, noun)

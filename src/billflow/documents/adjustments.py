"""What was credited and refunded, on the invoice it was taken off."""

from collections.abc import Iterator

from billflow.documents.content import DocumentContent
from billflow.documents.tables import Column, DocumentTable, TableRow
from billflow.models.contracts.invoice_adjustments import AdjustmentKind, InvoiceAdjustment
from billflow.models.contracts.records import InvoiceDetail

_TAKEN_BACK = (AdjustmentKind.CREDIT_NOTE, AdjustmentKind.REFUND)


def adjustment_tables(invoice: InvoiceDetail, content: DocumentContent) -> Iterator[DocumentTable]:
    """List the credit notes and refunds of an invoice with their sums; nothing where there are none."""
    words, taken_back = content.words, [one for one in invoice.adjustments if one.kind in _TAKEN_BACK]
    if not taken_back:
        return
    sums = ("", words.total, "", content.amount(invoice.credited, invoice.currency))
    rows = [_row(one, invoice.currency, content) for one in taken_back]
    total = TableRow((*sums, content.amount(invoice.refunded, invoice.currency)), bold=True)
    columns = (
        Column(words.issued, 30, right=False),
        Column(words.document, 44, right=False),
        Column(words.reason, 44, right=False),
        Column(words.credited, 28),
        Column(words.refunded, 28),
    )
    yield DocumentTable(words.adjustments, columns, (*rows, total))


def _row(one: InvoiceAdjustment, currency: str, content: DocumentContent) -> TableRow:
    words, amount = content.words, content.amount(one.amount, currency)
    amounts = (amount, "") if one.kind is AdjustmentKind.CREDIT_NOTE else ("", amount)
    names = {AdjustmentKind.CREDIT_NOTE: words.credit_note, AdjustmentKind.REFUND: words.refund}
    reason = words.reasons[one.reason] if one.reason else None
    why = ", ".join(text for text in (reason, one.memo) if text)
    document = f"{names[one.kind]} {one.number or ''}".rstrip()
    return TableRow((content.short_day(one.at), document, why, *amounts))

"""A credit note or the receipt of a refund, in the customer's language."""

from collections.abc import Iterator

from billflow.documents.content import DocumentContent, content_in
from billflow.documents.document import InvoiceDocument
from billflow.documents.lines import DocumentLine
from billflow.documents.parties import buyer_lines, seller_block
from billflow.documents.taxes import tax_sentences, tax_sums
from billflow.domain.errors import Refused
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.invoicing.explain import explain
from billflow.models.contracts.adjustments import AdjustmentStatus, CreditNoteRecord, RefundRecord
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.records import InvoiceDetail


def compose_adjustment(
    made: CreditNoteRecord | RefundRecord, invoice: InvoiceDetail, buyer: Buyer | None, seller: Seller
) -> InvoiceDocument:
    """Write a credit note or a refund of an invoice in its buyer's language.

    None is a customer whose data were erased. Raises `Refused` for one that Stripe has not carried out.
    """
    check_numbered(made)
    content = content_in(buyer.language if buyer else "en")
    words, is_note = content.words, isinstance(made, CreditNoteRecord)
    return InvoiceDocument(
        language=str(content.locale).replace("_", "-"),
        title=words.credit_note if is_note else words.refund_receipt,
        seller=seller_block(seller, content),
        bill_to=words.bill_to,
        buyer=tuple(buyer_lines(buyer, content)) if buyer else (),
        facts=tuple(_facts(made, invoice, content)),
        columns=(words.what, "", "", words.amount),
        lines=tuple(_lines(made, invoice, content)),
        totals=(*tax_sums(made.taxes, made.currency, content), _total(made, content)),
        after_refunds=tuple(credited_parts(made, content)) if isinstance(made, CreditNoteRecord) else (),
        tables=(),
        sentences=tax_sentences(made.taxes, content),
        note=made.memo if isinstance(made, CreditNoteRecord) else None,
        pay_here=None,
        pay_url=None,
        page_words=words.page,
    )


def check_numbered(made: CreditNoteRecord | RefundRecord) -> None:
    """Raise `Refused` for a credit note or refund that Stripe has not carried out, which is no document yet."""
    if made.number is None:
        noun = "credit note" if isinstance(made, CreditNoteRecord) else "refund"
        message = f"The {noun} is {made.status}; there is a document of it once it has succeeded."
        raise Refused(message, code="adjustment_without_document")


def _total(made: CreditNoteRecord | RefundRecord, content: DocumentContent) -> tuple[str, str]:
    word = content.words.credited if isinstance(made, CreditNoteRecord) else content.words.refunded
    return word, content.amount(made.amount, made.currency)


def _facts(
    made: CreditNoteRecord | RefundRecord, invoice: InvoiceDetail, content: DocumentContent
) -> Iterator[tuple[str, str]]:
    words = content.words
    yield words.number, made.number or ""
    yield words.issued, content.day(made.at)
    yield words.invoice, invoice.number or invoice.invoice_id
    if made.status is not AdjustmentStatus.SUCCEEDED:
        yield words.status, words.failed
    if made.reason:
        yield words.reason, words.reasons[made.reason]
    if isinstance(made, CreditNoteRecord):
        return
    of = next((one.number for one in invoice.adjustments if one.adjustment_id == made.credit_note_id), None)
    if made.credit_note_id and of:
        yield words.credit_note, of
    if made.out_of_band_reference:
        yield words.reference, made.out_of_band_reference


def _lines(
    made: CreditNoteRecord | RefundRecord, invoice: InvoiceDetail, content: DocumentContent
) -> Iterator[DocumentLine]:
    """Yield the lines that were credited, or the invoice as a whole."""
    billed = {line.line_id: explain(line.line, invoice.currency) for line in invoice.lines}
    for line in made.lines if isinstance(made, CreditNoteRecord) else ():
        of = billed[line.line_id]
        if of.kind is LineKind.TAX:
            continue
        yield _line(content.title(of), content.span(of.period), content.amount(line.amount, made.currency))
    if not (isinstance(made, CreditNoteRecord) and made.lines):
        title = f"{content.words.invoice} {invoice.number or invoice.invoice_id}"
        yield _line(title, content.day(invoice.issued_at), content.amount(made.amount, made.currency))


def _line(title: str, period: str, amount: str) -> DocumentLine:
    return DocumentLine(title=title, period=period, derivation="", quantity="", each="", amount=amount)


def credited_parts(note: CreditNoteRecord, content: DocumentContent) -> Iterator[tuple[str, str]]:
    """Say where the money of a credit note went."""
    words = content.words
    parts = {
        words.off_amount_due: note.before_payment,
        words.refunded: note.refund_amount,
        words.titles[LineKind.CREDIT_TO_BALANCE]: note.balance_amount,
    }
    yield from ((name, content.amount(amount, note.currency)) for name, amount in parts.items() if amount)

"""What is on an invoice, in reading order, with every text as it is to be printed."""

from collections.abc import Iterator
from dataclasses import dataclass

from billflow.documents.adjustments import adjustment_tables
from billflow.documents.content import DocumentContent, content_in
from billflow.documents.lines import DocumentLine, columns_of, lines_of
from billflow.documents.parties import SellerBlock, buyer_lines, seller_block
from billflow.documents.supply import supply_period
from billflow.documents.swiss_qr_bill import PaymentSlip, payment_slip
from billflow.documents.tables import DocumentTable
from billflow.documents.taxes import tax_sentences, tax_sums
from billflow.documents.transfer import transfer_code, waits_for_transfer
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.invoice_adjustments import AdjustmentKind
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    """A whole invoice; `language` is the BCP 47 tag it is written in, `page_words` numbers its pages.

    `carried` are the words for a sum at the end of a page, and at the beginning of the next. `transfer_code` are the
    rows of a QR code, dark where true, and `scan` says what it is for. The last of `totals` is what is still due;
    `after_refunds` says what was paid in the end, `tables` come after that, and a Swiss `payment_slip` at the end.
    `sentences` say why no tax is charged.
    """

    language: str
    title: str
    seller: SellerBlock
    bill_to: str
    buyer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    lines: tuple[DocumentLine, ...]
    carried: tuple[str, str] = ("", "")
    totals: tuple[tuple[str, str], ...]
    after_refunds: tuple[tuple[str, str], ...]
    tables: tuple[DocumentTable, ...]
    sentences: tuple[str, ...] = ()
    note: str | None
    bank: tuple[tuple[str, str], ...] = ()
    transfer_code: tuple[tuple[bool, ...], ...] | None = None
    payment_slip: PaymentSlip | None = None
    scan: str = ""
    pay_here: str | None
    pay_url: str | None
    page_words: str


@dataclass(frozen=True, slots=True)
class Links:
    """What an invoice replaces and what replaces it, as people know them: by number, or by id without one."""

    replaces: str | None = None
    replaced_by: str | None = None


NO_LINKS = Links()


def compose(invoice: InvoiceDetail, buyer: Buyer | None, seller: Seller, links: Links = NO_LINKS) -> InvoiceDocument:
    """Write an invoice in its buyer's language; None is a customer whose data were erased."""
    content = content_in(buyer.language if buyer else "en")
    words, is_open = content.words, invoice.status is InvoiceStatus.OPEN
    url = invoice.hosted_invoice_url if is_open else None
    return InvoiceDocument(
        language=str(content.locale).replace("_", "-"),
        title=words.draft if invoice.status is InvoiceStatus.DRAFT else words.invoice,
        seller=(block := seller_block(seller, content)),
        bill_to=words.bill_to,
        buyer=tuple(buyer_lines(buyer, content)) if buyer else (),
        facts=tuple(_facts(invoice, buyer, links, content)),
        columns=columns_of(invoice, content),
        lines=tuple(lines_of(invoice, content)),
        carried=(words.carried, words.brought),
        totals=tuple(_totals(invoice, content)),
        after_refunds=tuple(_after_refunds(invoice, content)),
        tables=tuple(adjustment_tables(invoice, content)),
        sentences=tax_sentences(invoice.taxes, content),
        note=_note(invoice, content) if is_open else None,
        bank=tuple(_transfer(invoice, block, content)),
        transfer_code=transfer_code(invoice, seller),
        payment_slip=payment_slip(invoice, buyer, seller.details, content),
        scan=words.scan,
        pay_here=words.pay_here if url else None,
        pay_url=url,
        page_words=words.page,
    )


def _facts(
    invoice: InvoiceDetail, buyer: Buyer | None, links: Links, content: DocumentContent
) -> Iterator[tuple[str, str]]:
    words = content.words
    yield words.number, invoice.number or invoice.invoice_id
    yield words.issued, content.day(invoice.issued_at)
    yield words.supplied, content.span(supply_period(invoice))
    yield words.due, content.day(invoice.due_at)
    yield words.status, words.statuses[invoice.status]
    if buyer and buyer.erp_customer_number:
        yield words.customer_number, buyer.erp_customer_number
    if links.replaces:
        yield words.replaces, links.replaces
    if links.replaced_by:
        yield words.replaced_by, links.replaced_by


def _totals(invoice: InvoiceDetail, content: DocumentContent) -> Iterator[tuple[str, str]]:
    yield from tax_sums(invoice.taxes, invoice.currency, content)
    yield content.words.total, content.amount(invoice.total, invoice.currency)
    for name, amount in _lowered(invoice, content):
        if amount:
            yield name, content.amount(-amount, invoice.currency)
    yield content.words.open, content.amount(invoice.still_due, invoice.currency)


def _lowered(invoice: InvoiceDetail, content: DocumentContent) -> Iterator[tuple[str, int]]:
    """Say what took how much off the total, so that what is still due is left."""
    words = content.words
    yield words.credited, sum(one.before_payment for one in invoice.adjustments)
    # What the balance had paid of a void invoice is on the balance again.
    yield words.credit, 0 if invoice.status is InvoiceStatus.VOID else invoice.balance_applied
    yield words.paid, invoice.amount_paid
    closures = {AdjustmentKind.VOID: words.void, AdjustmentKind.WRITE_OFF: words.write_off}
    for one in invoice.adjustments:
        if one.kind in closures:
            yield f"{closures[one.kind]}, {content.short_day(one.at)}", one.amount


def _after_refunds(invoice: InvoiceDetail, content: DocumentContent) -> Iterator[tuple[str, str]]:
    words, to_balance = content.words, sum(one.balance_amount for one in invoice.adjustments)
    if to_balance:
        yield words.titles[LineKind.CREDIT_TO_BALANCE], content.amount(to_balance, invoice.currency)
    if invoice.refunded:
        yield words.refunded, content.amount(invoice.refunded, invoice.currency)
        yield words.net_paid, content.amount(invoice.net_paid, invoice.currency)


def _note(invoice: InvoiceDetail, content: DocumentContent) -> str:
    if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
        return content.words.charged
    return content.words.transfer.format(date=content.day(invoice.due_at))


def _transfer(invoice: InvoiceDetail, seller: SellerBlock, content: DocumentContent) -> Iterator[tuple[str, str]]:
    """Yield how to pay an invoice that waits for a bank transfer."""
    if waits_for_transfer(invoice) and seller.bank:
        yield from seller.bank
        yield content.words.transfer_reference, invoice.number or invoice.invoice_id

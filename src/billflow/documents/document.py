"""What is on an invoice, in reading order, with every text as it is to be printed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from billflow.documents.content import DocumentContent, content_in
from billflow.domain.invoicing.explain import explain
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail, LineRecord

_ADDRESS = ("street", "street2")
_PLACE = ("postal_code", "city")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line: its title, what it is for and how it came about, and its numbers."""

    title: str
    period: str
    derivation: str
    quantity: str
    each: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    """A whole invoice; `language` is the BCP 47 tag it is written in, `page_words` numbers its pages."""

    language: str
    title: str
    seller: Seller
    bill_to: str
    buyer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, str, str, str]
    lines: tuple[DocumentLine, ...]
    totals: tuple[tuple[str, str], ...]
    note: str | None
    pay_here: str | None
    pay_url: str | None
    page_words: str


@dataclass(frozen=True, slots=True)
class Links:
    """What an invoice replaces and what replaces it, as people know them: by number, or by id without one."""

    replaces: str | None = None
    replaced_by: str | None = None


NO_LINKS = Links()


def compose(
    invoice: InvoiceDetail, customer: CustomerRecord | None, seller: Seller, links: Links = NO_LINKS
) -> InvoiceDocument:
    """Write an invoice in its customer's language; None is a customer whose data were erased."""
    content = content_in(customer.default_language if customer else "en")
    words, is_open = content.words, invoice.status is InvoiceStatus.OPEN
    url = invoice.hosted_invoice_url if is_open else None
    return InvoiceDocument(
        language=str(content.locale).replace("_", "-"),
        title=words.draft if invoice.status is InvoiceStatus.DRAFT else words.invoice,
        seller=seller,
        bill_to=words.bill_to,
        buyer=tuple(_buyer(customer)) if customer else (),
        facts=tuple(_facts(invoice, links, content)),
        columns=(words.what, words.quantity, words.each, words.amount),
        lines=tuple(_line(line, invoice.currency, content) for line in invoice.lines),
        totals=tuple(_totals(invoice, content)),
        note=_note(invoice, content) if is_open else None,
        pay_here=words.pay_here if url else None,
        pay_url=url,
        page_words=words.page,
    )


def _buyer(customer: CustomerRecord) -> Iterator[str]:
    address: Mapping[str, object] = customer.billing_address or {}
    yield customer.name
    for part in _ADDRESS:
        if address.get(part):
            yield str(address[part])
    place = " ".join(str(address[part]) for part in _PLACE if address.get(part))
    for text in (place, address.get("state"), _country(address.get("country"), customer.default_language)):
        if text:
            yield str(text)
    yield customer.billing_account.invoice_email or customer.email


def _country(code: object, language: str) -> str | None:
    if not isinstance(code, str):
        return None
    return str(content_in(language).locale.territories.get(code.upper(), code))


def _facts(invoice: InvoiceDetail, links: Links, content: DocumentContent) -> Iterator[tuple[str, str]]:
    words = content.words
    yield words.number, invoice.number or invoice.invoice_id
    yield words.issued, content.day(invoice.issued_at)
    yield words.due, content.day(invoice.due_at)
    yield words.status, words.statuses[invoice.status]
    if links.replaces:
        yield words.replaces, links.replaces
    if links.replaced_by:
        yield words.replaced_by, links.replaced_by


def _line(line: LineRecord, currency: str, content: DocumentContent) -> DocumentLine:
    line_explained = explain(line.line, currency)
    return DocumentLine(
        title=content.title(line_explained),
        period=content.span(line_explained.period),
        derivation=content.derivation(line_explained),
        quantity=content.number(line.quantity),
        each=content.amount(line.unit_amount, currency),
        amount=content.amount(line.amount, currency),
    )


def _totals(invoice: InvoiceDetail, content: DocumentContent) -> Iterator[tuple[str, str]]:
    words, currency = content.words, invoice.currency
    yield words.total, content.amount(invoice.total, currency)
    due = invoice.total - invoice.balance_applied if invoice.amount_due is None else invoice.amount_due
    if invoice.balance_applied:
        yield words.credit, content.amount(-invoice.balance_applied, currency)
    if invoice.amount_paid:
        yield words.paid, content.amount(-invoice.amount_paid, currency)
    left = due - invoice.amount_paid if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN) else 0
    yield words.open, content.amount(left, currency)


def _note(invoice: InvoiceDetail, content: DocumentContent) -> str:
    if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
        return content.words.charged
    return content.words.transfer.format(date=content.day(invoice.due_at))

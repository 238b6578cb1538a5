"""Invoices and credit notes as data by EN 16931: Factur-X, which is called ZUGFeRD in Germany (rules 36.3)."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from threading import Lock
from typing import Any, NamedTuple

from facturx.generate_xml import generate_cii_xml

from billflow.documents.adjustment_document import credited_parts
from billflow.documents.content import DocumentContent, content_in
from billflow.documents.e_invoice_parties import buyer_party, seller_party, text
from billflow.documents.e_invoice_tax import NOT_SUBJECT, tax_terms
from billflow.documents.supply import days_of, supply_period
from billflow.domain.calendar import Period
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.plan import CollectionMethod
from billflow.domain.tax.amounts import shared_out
from billflow.models.contracts.adjustments import CreditNoteRecord
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.records import InvoiceDetail, LineRecord
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.tax import TaxRecord

PROFILE = "en16931"

_INVOICE, _CREDIT_NOTE = "380", "381"
_SEPA_TRANSFER, _TRANSFER, _ONLINE = "58", "30", "68"
_UNIT = "C62"
_NO_PRICES = (LineKind.TAX, LineKind.CREDIT_TO_BALANCE)

# The library completes its own tables when it first reads them, and documents are written in several threads.
_one_at_a_time = Lock()

Terms = dict[str, Any]
"""Business terms of the norm by their numbers, such as BT-1."""


Parties = tuple[Buyer, SellerDocument]


def e_invoice(invoice: InvoiceDetail, parties: Parties, replaces: str | None = None) -> bytes:
    """Return an issued invoice as XML, as it was issued: what is paid or given back later is not in it.

    `replaces` is the number of the invoice that it is issued in place of.
    """
    content = content_in(parties[0].language)
    tax = tax_terms(invoice.taxes, content)
    priced = [line for line in invoice.lines if line.kind not in _NO_PRICES]
    lines = [_line(line, _net(line, invoice.taxes), invoice.currency, content) | _taxed(tax) for line in priced]
    sums = _Sums(sum(_net(line, invoice.taxes) for line in priced), invoice.tax)
    # What is credited to the balance is no supply: it is paid to the customer, so below 0 of what was paid before.
    prepaid = invoice.balance_applied - (invoice.total - sums.total)
    terms = {
        "BT-1": invoice.number,
        "BT-2": invoice.issued_at.date(),
        "BT-3": _INVOICE,
        "BT-9": invoice.due_at.date(),
        "BT-113": exact(prepaid, invoice.currency),
        "BT-115": exact(sums.total - prepaid, invoice.currency),
        "BG-3": [{"BT-25": replaces}] if replaces else [],
        "BG-25": lines,
        **_payment(invoice, parties[1], content),
    }
    return _written(terms | sums.terms(tax, invoice.currency), invoice, parties)


def credit_note_e_invoice(note: CreditNoteRecord, invoice: InvoiceDetail, parties: Parties) -> bytes:
    """Return a credit note of an invoice as XML; its amounts are what is credited, above 0."""
    content = content_in(parties[0].language)
    tax = tax_terms(note.taxes, content)
    of_tax = sum(one.tax for one in note.taxes)
    terms = {
        "BT-1": note.number,
        "BT-2": note.at.date(),
        "BT-3": _CREDIT_NOTE,
        "BT-20": "; ".join(f"{name}: {amount}" for name, amount in credited_parts(note, content)),
        "BT-115": exact(note.amount, note.currency),
        "BG-1": [{"BT-22": text(note.memo)}] if note.memo else [],
        "BG-3": [{"BT-25": invoice.number, "BT-26": invoice.issued_at.date()}],
        "BG-25": [line | _taxed(tax) for line in _credited_lines(note, invoice, content)],
    }
    return _written(terms | _Sums(note.amount - of_tax, of_tax).terms(tax, note.currency), invoice, parties)


class _Sums(NamedTuple):
    """What a document comes to: without tax, and the tax, in minor units."""

    net: int
    tax: int

    @property
    def total(self) -> int:
        return self.net + self.tax

    def terms(self, category: Terms, currency: str) -> Terms:
        net, tax, total = (exact(amount, currency) for amount in (self.net, self.tax, self.total))
        breakdown = {"BT-116": net, "BT-117": tax, **category}
        return {"BT-106": net, "BT-109": net, "BT-110": tax, "BT-112": total, "BG-23": [breakdown]}


def _written(terms: Terms, invoice: InvoiceDetail, parties: Parties) -> bytes:
    """Add what every document has, and return the XML."""
    buyer, seller = parties
    begins, ends = days_of(supply_period(invoice))
    with_vat_number = terms["BG-23"][0]["BT-118"] != NOT_SUBJECT
    together = {
        "BT-5": invoice.currency,
        "BT-72": ends,
        "BT-73": begins,
        "BT-74": ends,
        "BG-4": seller_party(seller, with_vat_number=with_vat_number),
        "BG-7": buyer_party(buyer, with_vat_number=with_vat_number),
    }
    with _one_at_a_time:
        xml: bytes = generate_cii_xml(terms | together, level=PROFILE, check_xsd=False, check_schematron=None)
    return xml


def _taxed(category: Terms) -> Terms:
    return {"BT-151": category["BT-118"], "BT-152": category.get("BT-119")}


def _net(line: LineRecord, taxes: Sequence[TaxRecord]) -> int:
    """Return a line without the tax that its amount contains."""
    return line.amount - line.tax if any(one.inclusive for one in taxes) else line.amount


def exact(minor_units: int, currency: str) -> str:
    """Write minor units as the norm has amounts, such as 1050.00."""
    return str(Decimal(minor_units).scaleb(-CURRENCIES[currency].decimals))


def _payment(invoice: InvoiceDetail, seller: SellerDocument, content: DocumentContent) -> Terms:
    """Say how an invoice is paid: by a transfer to the seller's account, or online."""
    if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
        return {"BT-81": _ONLINE, "BT-20": content.words.charged}
    if seller.bank is None:
        return {"BT-81": _ONLINE}
    return {
        "BT-81": _SEPA_TRANSFER if invoice.currency == "EUR" else _TRANSFER,
        "BT-83": invoice.number,
        "BT-84": seller.bank.iban,
        "BT-85": text(seller.bank.account_holder),
        "BT-86": seller.bank.bic,
    }


def _line(line: LineRecord, net: int, currency: str, content: DocumentContent) -> Terms:
    explained = explain(line.line, currency)
    said = {"BT-154": text(content.derivation(explained)), **_during(explained.period)}
    return _priced(str(line.n), content.title(explained), (line.quantity, net, currency)) | said


def _credited_lines(note: CreditNoteRecord, invoice: InvoiceDetail, content: DocumentContent) -> Iterator[Terms]:
    """Yield the lines that are credited, or the invoice as a whole, without tax."""
    billed = {line.line_id: explain(line.line, invoice.currency) for line in invoice.lines}
    net = note.amount - sum(one.tax for one in note.taxes)
    amounts = [Fraction(line.amount * net, sum(one.amount for one in note.lines)) for line in note.lines]
    for n, (line, amount) in enumerate(zip(note.lines, shared_out(net, amounts), strict=True), 1):
        of = billed[line.line_id]
        yield _priced(str(n), content.title(of), (1, amount, note.currency)) | _during(of.period)
    if not note.lines:
        yield _priced("1", f"{content.words.invoice} {invoice.number}", (1, net, note.currency))


def _priced(number: str, name: str, charged: tuple[int, int, str]) -> Terms:
    """Return a line over an amount; below 0 its quantity is, for the norm knows no price below 0.

    Where the amount is no whole multiple of the quantity, the price is for all of that (BT-149).
    """
    quantity, amount, currency = charged
    signed = -quantity if amount < 0 else quantity
    is_whole = quantity == 0 or amount % quantity == 0
    price = abs(amount) if not is_whole or quantity == 0 else abs(amount) // quantity
    return {
        "BT-126": number,
        "BT-129": str(signed),
        "BT-130": _UNIT,
        "BT-131": exact(amount, currency),
        "BT-146": exact(price, currency),
        "BT-149": None if is_whole else str(quantity),
        "BT-153": text(name),
    }


def _during(period: Period) -> Terms:
    begins, ends = days_of(period)
    return {"BT-134": begins, "BT-135": ends}

"""Invoices and credit notes as data by EN 16931: Factur-X, which is called ZUGFeRD in Germany (rules 36.3)."""

from collections.abc import Iterator
from decimal import Decimal
from threading import Lock
from typing import Any

from facturx.generate_xml import generate_cii_xml

from billflow.documents.adjustment_document import credited_parts
from billflow.documents.content import DocumentContent, content_in
from billflow.documents.e_invoice_parties import buyer_party, seller_party, text
from billflow.documents.supply import days_of, supply_period
from billflow.domain.calendar import Period
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.adjustments import CreditNoteRecord
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.records import InvoiceDetail, LineRecord
from billflow.models.contracts.seller import SellerDocument

PROFILE = "en16931"

_INVOICE, _CREDIT_NOTE = "380", "381"
_SEPA_TRANSFER, _TRANSFER, _ONLINE = "58", "30", "68"
_UNIT = "C62"
_NO_TAX = {"BT-118": "O", "BT-120": "Not subject to VAT", "BT-121": "VATEX-EU-O"}

# The library completes its own tables when it first reads them, and documents are written in several threads.
_one_at_a_time = Lock()

Terms = dict[str, Any]
"""Business terms of the norm by their numbers, such as BT-1."""


Parties = tuple[Buyer, SellerDocument]


def e_invoice(invoice: InvoiceDetail, parties: Parties, replaces: str | None = None) -> bytes:
    """Return an issued invoice as XML, as it was issued: what is paid or given back later is not in it.

    `replaces` is the number of the invoice that it is issued in place of.
    """
    buyer, seller = parties
    content = content_in(buyer.language)
    # What is credited to the balance is no supply: it is paid to the customer, so below 0 of what was paid before.
    billed = [line for line in invoice.lines if line.kind is not LineKind.CREDIT_TO_BALANCE]
    terms = {
        "BT-1": invoice.number,
        "BT-2": invoice.issued_at.date(),
        "BT-3": _INVOICE,
        "BT-9": invoice.due_at.date(),
        "BG-3": [{"BT-25": replaces}] if replaces else [],
        "BG-25": [_line(line, content, invoice.currency) for line in billed],
        **_payment(invoice, seller, content),
    }
    total = sum(line.amount for line in billed)
    return _written(terms, invoice, parties, total, invoice.balance_applied - (invoice.total - total))


def credit_note_e_invoice(note: CreditNoteRecord, invoice: InvoiceDetail, parties: Parties) -> bytes:
    """Return a credit note of an invoice as XML; its amounts are what is credited, above 0."""
    content = content_in(parties[0].language)
    terms = {
        "BT-1": note.number,
        "BT-2": note.at.date(),
        "BT-3": _CREDIT_NOTE,
        "BT-20": "; ".join(f"{name}: {amount}" for name, amount in credited_parts(note, content)),
        "BG-1": [{"BT-22": text(note.memo)}] if note.memo else [],
        "BG-3": [{"BT-25": invoice.number, "BT-26": invoice.issued_at.date()}],
        "BG-25": list(_credited_lines(note, invoice, content)),
    }
    return _written(terms, invoice, parties, note.amount)


def _written(terms: Terms, invoice: InvoiceDetail, parties: Parties, total: int, prepaid: int = 0) -> bytes:
    """Add what every document has, and return the XML."""
    buyer, seller = parties
    begins, ends = days_of(supply_period(invoice))
    money = invoice.currency
    together = {
        "BT-5": money,
        "BT-72": ends,
        "BT-73": begins,
        "BT-74": ends,
        "BT-106": exact(total, money),
        "BT-109": exact(total, money),
        "BT-110": exact(0, money),
        "BT-112": exact(total, money),
        "BT-113": exact(prepaid, money),
        "BT-115": exact(total - prepaid, money),
        "BG-4": seller_party(seller, with_vat_number=False),
        "BG-7": buyer_party(buyer, with_vat_number=False),
        "BG-23": [{"BT-116": exact(total, money), "BT-117": exact(0, money), **_NO_TAX}],
    }
    with _one_at_a_time:
        xml: bytes = generate_cii_xml(terms | together, level=PROFILE, check_xsd=False, check_schematron=None)
    return xml


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


def _line(line: LineRecord, content: DocumentContent, currency: str) -> Terms:
    """Return a line; what takes off has a negative quantity, for the norm knows no price below 0."""
    explained = explain(line.line, currency)
    sign = -1 if line.unit_amount < 0 else 1
    return _priced(str(line.n), content.title(explained), (sign * line.quantity, abs(line.unit_amount), currency)) | {
        "BT-154": text(content.derivation(explained)),
        **_during(explained.period),
    }


def _credited_lines(note: CreditNoteRecord, invoice: InvoiceDetail, content: DocumentContent) -> Iterator[Terms]:
    """Yield the lines that are credited, or the invoice as a whole."""
    billed = {line.line_id: explain(line.line, invoice.currency) for line in invoice.lines}
    for n, line in enumerate(note.lines, 1):
        of, sign = billed[line.line_id], -1 if line.amount < 0 else 1
        yield _priced(str(n), content.title(of), (sign, abs(line.amount), note.currency)) | _during(of.period)
    if not note.lines:
        title = f"{content.words.invoice} {invoice.number}"
        yield _priced("1", title, (1, note.amount, note.currency))


def _priced(number: str, name: str, charged: tuple[int, int, str]) -> Terms:
    quantity, price, currency = charged
    return {
        "BT-126": number,
        "BT-129": str(quantity),
        "BT-130": _UNIT,
        "BT-131": exact(quantity * price, currency),
        "BT-146": exact(price, currency),
        "BT-151": _NO_TAX["BT-118"],
        "BT-153": text(name),
    }


def _during(period: Period) -> Terms:
    begins, ends = days_of(period)
    return {"BT-134": begins, "BT-135": ends}

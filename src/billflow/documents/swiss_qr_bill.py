"""The payment part of a Swiss QR-bill: what Swiss banks read, for invoices in francs to a Swiss account."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import segno
from stdnum import iban

from billflow.documents.content import DocumentContent
from billflow.documents.transfer import MOST, waits_for_transfer
from billflow.domain.currencies import CURRENCIES
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.e_invoices import structured
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.seller import SellerDocument

if TYPE_CHECKING:
    from qrbill import QRBill

CURRENCY = "CHF"
_NAME, _STREET, _CODE, _CITY = 70, 70, 16, 35
_LAST_CHARACTER = "\u017f"
_FURTHER_CHARACTERS = frozenset("ȘșȚț€")
"""What a Swiss payment may have beside Latin-1 and Latin Extended-A."""

Titled = tuple[str, tuple[str, ...]]
"""A heading, and the lines below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSlip:
    """Receipt and payment part as they are printed; `code` are the rows of the QR code, dark where true.

    Without lines below `payable_by` there is room to write them.
    """

    receipt: str
    payment_part: str
    separate: str
    acceptance_point: str
    account: Titled
    payable_by: Titled
    information: Titled
    currency: Titled
    amount: Titled
    code: tuple[tuple[bool, ...], ...]


def payment_slip(
    invoice: InvoiceDetail, buyer: Buyer | None, seller: SellerDocument | None, content: DocumentContent
) -> PaymentSlip | None:
    """Return the slip; None where the invoice is not to be paid so, or the seller's address is not whole enough."""
    due = Decimal(invoice.still_due).scaleb(-CURRENCIES[invoice.currency].decimals)
    if seller is None or seller.bank is None or invoice.currency != CURRENCY or not waits_for_transfer(invoice):
        return None
    creditor = _party(seller.bank.account_holder, seller.address.model_dump())
    if creditor is None or not 0 < due <= MOST:
        return None
    debtor = _party(buyer.legal_name or buyer.name, structured(buyer.address) or {}) if buyer else None
    said = {"amount": due, "currency": CURRENCY, "additional_information": invoice.number or invoice.invoice_id}
    return _slip({"account": seller.bank.iban, "creditor": creditor, "debtor": debtor, **said}, content)


def _party(name: str, address: Mapping[str, Any]) -> dict[str, str] | None:
    """Return who pays or is paid; None where the bill could not say it."""
    street, code, city, country = (
        str(address.get(part) or "") for part in ("street", "postal_code", "city", "country")
    )
    said = {
        "name": name[:_NAME],
        "street": street[:_STREET],
        "pcode": code[:_CODE],
        "city": city[:_CITY],
        "country": country.upper(),
    }
    used = set("".join(said.values()))
    if not (code and city and country) or any(ord(one) > ord(_LAST_CHARACTER) for one in used - _FURTHER_CHARACTERS):
        return None
    return said


def _slip(said: Mapping[str, Any], content: DocumentContent) -> PaymentSlip | None:
    """Return the slip of a bill; None for an account elsewhere, or one that wants references of its bank."""
    from qrbill import QRBill

    try:
        return _printed(QRBill(**said), content)
    except ValueError:
        return None


def _printed(bill: "QRBill", content: DocumentContent) -> PaymentSlip:
    from qrbill.bill import LABELS

    def label(text: str) -> str:
        return str(LABELS[text].get(content.locale.language, text))

    code = segno.make(bill.qr_data(), error="m", micro=False, boost_error=False, encoding="utf-8")
    by = "Payable by" if bill.debtor else "Payable by (name/address)"
    return PaymentSlip(
        receipt=label("Receipt"),
        payment_part=label("Payment part"),
        separate=label("Separate before paying in"),
        acceptance_point=label("Acceptance point"),
        account=(label("Account / Payable to"), (iban.format(bill.account), *bill.creditor.as_paragraph())),
        payable_by=(label(by), tuple(bill.debtor.as_paragraph()) if bill.debtor else ()),
        information=(label("Additional information"), (bill.additional_information,)),
        currency=(label("Currency"), (bill.currency,)),
        amount=(label("Amount"), (f"{Decimal(bill.amount):,.2f}".replace(",", " "),)),
        code=tuple(tuple(bool(dark) for dark in row) for row in code.matrix_iter(border=0)),
    )

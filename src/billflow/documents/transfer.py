"""The QR code by which a banking app fills in a transfer: the European Payments Council's, for transfers in euros."""

from decimal import Decimal

import segno
from segno.helpers import make_epc_qr

from billflow.domain.currencies import CURRENCIES
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.seller import BankDetails

CURRENCY = "EUR"
MOST = Decimal("999999999.99")
"""The most that a code can ask for."""

_NAME = 70


def waits_for_transfer(invoice: InvoiceDetail) -> bool:
    """Tell whether an invoice is to be paid by a bank transfer."""
    return invoice.status.is_open and invoice.collection_method is CollectionMethod.SEND_INVOICE


def transfer_code(invoice: InvoiceDetail, seller: Seller) -> tuple[tuple[bool, ...], ...] | None:
    """Return the rows of the code, dark where true; None where the invoice is not to be paid so, or not in euros."""
    bank = seller.details.bank if seller.details else None
    due = Decimal(invoice.still_due).scaleb(-CURRENCIES[invoice.currency].decimals)
    if bank is None or not waits_for_transfer(invoice) or invoice.currency != CURRENCY or not 0 < due <= MOST:
        return None
    return tuple(tuple(bool(dark) for dark in row) for row in _code(bank, due, invoice).matrix_iter(border=0))


def _code(bank: BankDetails, due: Decimal, invoice: InvoiceDetail) -> segno.QRCode:
    reference = invoice.number or invoice.invoice_id
    return make_epc_qr(bank.account_holder[:_NAME], bank.iban, due, text=reference, bic=bank.bic, encoding="utf-8")

"""An invoice in euros that is to be paid by transfer has the code that a banking app reads."""

import pytest
import segno

from billflow.documents.document import compose
from billflow.documents.pdf import render_pdf
from billflow.documents.transfer import transfer_code
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.invoices import InvoiceStatus
from tests.documents.samples import ISSUED, SELLER, SEPA, buyer, invoice
from tests.documents.test_pdf_and_html import streams

Rows = tuple[tuple[bool, ...], ...]


def seller() -> Seller:
    """Return a seller with an account for euros."""
    assert SELLER.details
    return SELLER.model_copy(update={"details": SELLER.details.model_copy(update={"bank": SEPA})})


def code_of(*lines: str) -> Rows:
    """Return the QR code of a payload, as the European Payments Council describes it."""
    found = segno.make("\n".join(lines).encode(), error="m", micro=False, boost_error=False)
    return tuple(tuple(bool(dark) for dark in row) for row in found.matrix)


def test_the_code_says_who_gets_how_much_and_what_for() -> None:
    shown = transfer_code(invoice("EUR"), seller())

    transfer = ("BCD", "002", "1", "SCT", "COBADEFFXXX", "Übersee Software AG", "DE89370400440532013000")
    assert shown == code_of(*transfer, "EUR12631.48", "", "", "ACME-0042")


def test_the_code_is_drawn_and_scanned_in_the_customers_language() -> None:
    shown = compose(invoice("EUR"), buyer("fr-FR"), seller())
    without = compose(invoice("EUR"), buyer("fr-FR"), SELLER.model_copy(update={"details": None}))

    assert shown.scan == "Scanner pour payer"
    assert streams(render_pdf(shown, ISSUED)).count(b" re f") > 500
    assert streams(render_pdf(without, ISSUED)).count(b" re f") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "CHF"},
        {"status": InvoiceStatus.PAID},
        {"collection_method": CollectionMethod.CHARGE_AUTOMATICALLY},
        {"still_due": 0},
        {"still_due": 100_000_000_000},
    ],
    ids=str,
)
def test_what_is_not_paid_by_a_transfer_in_euros_has_none(change: dict[str, object]) -> None:
    assert transfer_code(invoice("EUR").model_copy(update=change), seller()) is None


def test_a_seller_without_a_bank_account_has_none() -> None:
    assert transfer_code(invoice("EUR"), Seller(name="Muster")) is None

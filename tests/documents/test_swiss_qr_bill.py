"""An invoice in francs that is to be paid to a Swiss account ends with the slip that Swiss banks read."""

from io import BytesIO

import pytest
import segno
from pypdf import PdfReader

from billflow.documents.content import content_in
from billflow.documents.document import compose
from billflow.documents.pdf import render_pdf
from billflow.documents.pdf_payment_slip import HEIGHT
from billflow.documents.swiss_qr_bill import PaymentSlip, payment_slip
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.seller import SellerDocument
from tests.documents.samples import ISSUED, SELLER, SEPA, buyer, invoice
from tests.sizes import further

assert SELLER.details
DETAILS: SellerDocument = SELLER.details
QR_IBAN = "CH4431999123000889012"
CREDITOR = ("S", "Übersee Software AG", "Rämistrasse 7", "", "8001", "Zürich", "CH")
DEBTOR = ("S", "Müller & Söhne <GmbH>", "Königstraße 1", "", "10115", "Berlin", "DE")
NOBODY = ("",) * 7


def slip(
    shown: InvoiceDetail | None = None, who: Buyer | None = None, seller: SellerDocument | None = DETAILS
) -> PaymentSlip | None:
    """Return the slip of an invoice, of that of the samples unless another is named."""
    return payment_slip(shown or invoice(), who, seller, content_in("de-CH"))


def code(*payment: str) -> tuple[tuple[bool, ...], ...]:
    """Return the code of a payment to the seller, as SIX's implementation guidelines describe it."""
    lines = ("SPC", "0200", "1", "CH9300762011623852957", *CREDITOR, *NOBODY, *payment, "EPD")
    found = segno.make("\r\n".join(lines), error="m", micro=False, boost_error=False, encoding="utf-8")
    return tuple(tuple(bool(dark) for dark in row) for row in found.matrix)


def test_the_code_says_who_pays_whom_how_much_and_what_for() -> None:
    found = slip(who=buyer("de-CH"))

    assert found
    assert found.code == code("12631.48", "CHF", *DEBTOR, "NON", "", "ACME-0042")
    assert (found.account[1], found.amount[1]) == (
        ("CH93 0076 2011 6238 5295 7", "Übersee Software AG", "Rämistrasse 7", "CH-8001 Zürich"),
        ("12 631.48",),
    )


@pytest.mark.parametrize(
    "change",
    [{"name": "株式会社山田製作所"}, {"address": None}, {"address": {"city": "Berlin", "country": "DE"}}],
    ids=str,
)
def test_who_can_not_be_written_on_it_writes_that_by_hand(change: dict[str, object]) -> None:
    found = slip(who=buyer("de-CH").model_copy(update=change))

    assert found
    assert found.payable_by == ("Zahlbar durch (Name/Adresse)", ())
    assert found.code == code("12631.48", "CHF", *NOBODY, "NON", "", "ACME-0042")


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "EUR"},
        {"status": InvoiceStatus.PAID},
        {"collection_method": CollectionMethod.CHARGE_AUTOMATICALLY},
        {"still_due": 0},
        {"still_due": 100_000_000_000},
    ],
    ids=str,
)
def test_what_is_not_paid_by_a_transfer_in_francs_has_none(change: dict[str, object]) -> None:
    assert slip(invoice().model_copy(update=change)) is None


def test_a_seller_without_an_account_that_takes_it_has_none() -> None:
    assert DETAILS.bank
    of_the_bank = DETAILS.bank.model_copy(update={"iban": QR_IBAN})
    no_code = DETAILS.address.model_copy(update={"postal_code": None})

    for change in ({"bank": None}, {"bank": SEPA}, {"bank": of_the_bank}, {"address": no_code}):
        assert slip(seller=DETAILS.model_copy(update=change)) is None
    assert slip(seller=None) is None


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de-CH", ("Empfangsschein", "Zahlteil", "Vor der Einzahlung abzutrennen", "Annahmestelle")),
        *further(
            ("fr-CH", ("Récépissé", "Section paiement", "A détacher avant le versement", "Point de dépôt")),
            ("it-CH", ("Ricevuta", "Sezione pagamento", "Da staccare prima del versamento", "Punto di accettazione")),
            ("rm-CH", ("Receipt", "Payment part", "Separate before paying in", "Acceptance point")),
        ),
    ],
)
def test_it_is_the_end_of_the_last_page_in_the_customers_language(language: str, said: tuple[str, ...]) -> None:
    file = render_pdf(compose(invoice(), buyer(language), SELLER), ISSUED)

    *others, last = (page.extract_text() for page in PdfReader(BytesIO(file)).pages)
    assert all(text in last for text in said)
    assert not any(said[1] in page for page in others)


def test_nothing_else_is_printed_where_it_is() -> None:
    shown, whole, found = invoice(repeat=2), slip(invoice(repeat=2), buyer("de-CH")), set[str]()
    assert whole
    headed = (whole.account, whole.payable_by, whole.information, whole.currency, whole.amount)
    own = {whole.receipt, whole.payment_part, whole.acceptance_point, *(head for head, _ in headed)}
    own |= {line for _, lines in headed for line in lines}

    def place(text: str, _: object, at: list[float], *__: object) -> None:
        if at[5] < HEIGHT / 25.4 * 72:
            found.update(filter(None, map(str.strip, text.splitlines())))

    for rows in (1, 4, 6, 7):
        few = shown.model_copy(update={"lines": shown.lines[:rows]})
        file = render_pdf(compose(few, buyer("de-CH"), SELLER), ISSUED)
        PdfReader(BytesIO(file)).pages[-1].extract_text(visitor_text=place)

    assert found == own

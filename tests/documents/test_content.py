"""Each line says in the customer's language how its amount came about, and each amount looks as it does there."""

import pytest

from billflow.documents.content import content_in
from billflow.documents.document import InvoiceDocument, compose
from billflow.documents.translations import LANGUAGES, Translations
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.money import Rounding
from billflow.domain.proration import Derivation
from billflow.models.contracts.invoices import InvoiceStatus
from tests.documents.samples import MONTH, SELLER, buyer, changed_lines, invoice, line

NARROW, WIDE = "\u202f", "\xa0"


def document(language: str, status: InvoiceStatus = InvoiceStatus.OPEN) -> InvoiceDocument:
    """Return the sample invoice for a customer that reads in *language*."""
    return compose(invoice(status=status), buyer(language), SELLER)


@pytest.mark.parametrize(
    ("language", "derivations"),
    [
        (
            "en-US",
            [
                "1,200 × CHF10.50",
                "3 × CHF10.50 × 16 of 31 days, rounded half up to CHF5.42 each",
                "1 × CHF10.50 × 329,857/892,800 of the period, rounded half up to CHF3.88 each",
                "2 × CHF9.00, the price is 12.5% below list price",
                "part 4 of 12 of CHF1,000.00 a year, rounded up to CHF83.34 each",
                "2 months at -CHF20.00 each",
            ],
        ),
        (
            "de-DE",
            [
                "1.200 × 10,50 CHF",
                "3 × 10,50 CHF × 16 von 31 Tagen, kaufmännisch gerundet auf je 5,42 CHF",
                "1 × 10,50 CHF × 329.857/892.800 des Zeitraums, kaufmännisch gerundet auf je 3,88 CHF",
                "2 × 9,00 CHF, der Preis liegt 12,5% unter dem Listenpreis",
                "Rate 4 von 12 von 1.000,00 CHF im Jahr, aufgerundet auf je 83,34 CHF",
                "2 Monate zu je -20,00 CHF",
            ],
        ),
    ],
)
def test_every_kind_of_line_explains_itself(language: str, derivations: list[str]) -> None:
    written = [line.derivation.replace(WIDE, " ") for line in document(language).lines]

    assert written == derivations


@pytest.mark.parametrize(
    ("language", "title", "derivation"),
    [
        ("en-US", "Cloud Standard, additional licenses, end date moved", "less CHF5.00 each billed before"),
        ("de-DE", "Cloud Standard, zusätzliche Lizenzen, Enddatum geändert", "bereits berechneter 5,00 CHF je Einheit"),
    ],
)
def test_a_moved_end_date_says_what_was_billed_before(language: str, title: str, derivation: str) -> None:
    shown = invoice().model_copy(update={"lines": changed_lines()})
    changed, owed, discount, item, *add_ons = compose(shown, buyer(language), SELLER).lines
    words = content_in(language).words

    assert (changed.title, owed.title) == (title, words.titles[LineKind.CREDIT_TO_BALANCE])
    assert changed.derivation.replace(WIDE, " ").endswith(derivation)
    assert discount.derivation.endswith(words.capped)
    assert [line.title.partition(",")[0] for line in add_ons] == ["Storage"] * 3
    assert len({line.title for line in add_ons}) == 3
    assert (item.title, "–" in item.period) == ("Additional training", False)


@pytest.mark.parametrize(
    ("language", "title", "derivation"),
    [
        ("en-US", "Discount, Spring (SPRING25)", "12.5% of CHF10.01, rounded half up to -CHF1.25 each"),
        ("de-DE", "Rabatt, Spring (SPRING25)", "12,5% von 10,01 CHF, kaufmännisch gerundet auf je -1,25 CHF"),
    ],
)
def test_a_coupon_is_named_with_what_it_takes_off(language: str, title: str, derivation: str) -> None:
    percent = Derivation(
        price=-1001, quantity=1, numerator=1250, denominator=10_000, rounding=Rounding.HALF_UP, period=MONTH
    )
    amount = Derivation(price=-5000, quantity=1, less=-1000, period=MONTH)
    off = [line(n, LineKind.COUPON, "Spring (SPRING25): 12.5% off", one) for n, one in enumerate((percent, amount), 1)]
    shown = compose(invoice().model_copy(update={"lines": tuple(off)}), buyer(language), SELLER).lines

    assert (shown[0].title, shown[0].derivation.replace(WIDE, " ")) == (title, derivation)
    assert shown[1].derivation.endswith(content_in(language).words.capped)


@pytest.mark.parametrize(
    ("language", "title", "total", "due"),
    [
        ("en-US", "Invoice", "CHF12,681.48", "March 31, 2026"),
        ("de-CH", "Rechnung", "CHF 12’681.48", "31. März 2026"),
        ("fr-FR", "Facture", "12 681,48 CHF", "31 mars 2026"),
        ("it-IT", "Fattura", "12.681,48 CHF", "31 marzo 2026"),
        ("ja-JP", "Invoice", "CHF12,681.48", "March 31, 2026"),
        ("no such language", "Invoice", "CHF12,681.48", "March 31, 2026"),
    ],
)
def test_amounts_and_days_look_as_they_do_where_the_customer_is(
    language: str, title: str, total: str, due: str
) -> None:
    shown = document(language)

    assert shown.title == title
    assert shown.totals[0][1].replace(WIDE, " ").replace(NARROW, " ") == total
    assert dict(shown.facts)[content_in(language).words.due] == due


def test_credits_and_payments_lead_from_the_total_to_what_is_due() -> None:
    open_invoice = compose(invoice(), buyer("en-US"), SELLER)
    settled = invoice(status=InvoiceStatus.PAID)
    paid = compose(settled.model_copy(update={"amount_paid": settled.amount_due}), buyer("en-US"), SELLER)

    assert open_invoice.totals == (
        ("Total", "CHF12,681.48"),
        ("Credit applied", "-CHF50.00"),
        ("Amount due", "CHF12,631.48"),
    )
    assert paid.totals[2:] == (("Paid", "-CHF12,631.48"), ("Amount due", "CHF0.00"))
    assert (paid.note, paid.pay_url) == (None, None)


def test_a_currency_without_decimals_gets_none() -> None:
    assert compose(invoice(currency="JPY"), buyer("en-US"), SELLER).totals[0][1] == "¥1,268,148"


def test_a_buyer_of_which_the_country_alone_is_known_has_that_in_words() -> None:
    somewhere = buyer("fr-FR").model_copy(update={"address": {"country": "SE"}})

    assert "Suède" in compose(invoice(), somewhere, SELLER).buyer


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        ({"postal_code": "20121", "city": "Milano", "state": "MI", "country": "IT"}, ("20121 Milano MI", "Italy")),
        (
            {"postal_code": "10118", "city": "New York", "state": "NY", "country": "US"},
            ("New York, NY 10118", "United States"),
        ),
        ({"postal_code": "SW1A 2AA", "city": "London", "country": "GB"}, ("London SW1A 2AA", "United Kingdom")),
        (
            {"postal_code": "8001", "city": "Zürich", "state": "ZH", "country": "CH"},
            ("8001 Zürich", "ZH", "Switzerland"),
        ),
    ],
)
def test_an_address_is_written_as_its_country_does(address: dict[str, str], lines: tuple[str, ...]) -> None:
    there = buyer("en-US").model_copy(update={"address": address})

    assert compose(invoice(), there, SELLER).buyer[1:-1] == lines


def test_the_buyer_is_addressed_with_its_country_in_its_own_language() -> None:
    assert document("fr-FR").buyer == (
        "Müller & Söhne <GmbH>",
        "Königstraße 1",
        "10115 Berlin",
        "Allemagne",
        "rechnung@mueller.example",
    )


def test_an_invoice_outlives_its_customer() -> None:
    assert compose(invoice(), None, SELLER).buyer == ()


@pytest.mark.parametrize("status", InvoiceStatus)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_word_for_every_status(language: str, status: InvoiceStatus) -> None:
    assert content_in(language).words.statuses[status] in dict(document(language, status).facts).values()


@pytest.mark.parametrize("words", LANGUAGES.values())
def test_every_language_fills_in_the_same_things(words: Translations) -> None:
    english = LANGUAGES["en"]
    for name in ("page", "transfer", "how", "days", "share", "months", "below_list", "instalment"):
        theirs, ours = getattr(words, name), getattr(english, name)
        assert {part for part in theirs.split() if "{" in part} or ours
        assert theirs.count("{") == ours.count("{")
    assert words.titles.keys() == english.titles.keys()

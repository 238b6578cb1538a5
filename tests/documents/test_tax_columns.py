"""Where a tax applies, each line says net amount, rate, tax and gross amount, and they add up to the sums."""

from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

import pytest
from pypdf import PdfReader

from billflow.documents.document import compose
from billflow.documents.pdf import WIDTHS, WIDTHS_WITH_TAX, render_pdf
from billflow.domain.tax.policy import Taxpayer
from tests.documents.samples import ISSUED, SELLER, buyer, changed_lines, invoice
from tests.documents.taxed import AT_19, CONTAINED, EXEMPT, NOWHERE, REVERSED, TWICE, taxed
from tests.sizes import further

HEADS = ("Description", "Quantity", "Unit price", "Net", "Rate", "Tax", "Gross")


def number(text: str) -> Decimal:
    """Return what an amount in euros says."""
    return Decimal(text.replace("€", "").replace(",", ""))


def together(texts: Sequence[str]) -> Decimal:
    """Return the sum of amounts in euros."""
    return sum(map(number, texts), Decimal())


@pytest.mark.parametrize(
    ("who", "rate"),
    [(AT_19, "19%"), (TWICE, "14.975%"), *further((CONTAINED, "8.1%"), (REVERSED, "0%"), (EXEMPT, "0%"))],
)
def test_the_columns_of_the_lines_add_up_to_net_tax_and_total(who: Taxpayer, rate: str) -> None:
    shown = taxed(who)
    document = compose(shown, buyer("en-US"), SELLER)

    rates, taxes, gross = zip(*(line.taxed for line in document.lines), strict=True)
    assert document.columns == HEADS
    assert set(rates) == {rate}
    assert together([line.amount for line in document.lines]) * 100 == shown.total - shown.tax
    assert together(taxes) * 100 == shown.tax
    assert together(gross) * 100 == shown.total
    assert number(str(document.lines[-1].running)) * 100 == shown.total
    assert len(render_pdf(document, ISSUED)) > 10_000


@pytest.mark.parametrize("language", ["de-DE", *further("en-US", "fr-FR", "it-IT")])
def test_a_long_rate_is_not_broken(language: str) -> None:
    shown = taxed(TWICE)
    document = compose(shown, buyer(language), SELLER)

    [rate] = {line.taxed[0] for line in document.lines}
    first, *_ = PdfReader(BytesIO(render_pdf(document, ISSUED))).pages
    assert first.extract_text().count(rate) >= len(shown.lines) // 2


@pytest.mark.parametrize("language", ["fr-CA", *further("en-US", "de-DE", "it-IT")])
def test_a_large_amount_is_not_broken(language: str) -> None:
    document = compose(taxed(TWICE, invoice("USD", repeat=3)), buyer(language), SELLER)
    longest = [max((line.taxed[n] for line in document.lines), key=len) for n in (1, 2)]

    told = "".join(page.extract_text() for page in PdfReader(BytesIO(render_pdf(document, ISSUED))).pages)
    plain = " ".join(told.split())
    assert [plain.count(" ".join(amount.split())) >= 3 for amount in longest] == [True, True]


def test_what_goes_to_the_balance_has_no_rate() -> None:
    shown = taxed(AT_19, invoice("EUR").model_copy(update={"lines": changed_lines()}))

    [credit] = [line for line in compose(shown, buyer("en-US"), SELLER).lines if line.title == "Credit to your balance"]
    assert credit.taxed == ("", "", "€2.24")


def test_without_a_tax_there_are_no_columns_for_it() -> None:
    document = compose(taxed(NOWHERE), buyer("en-US"), SELLER)

    assert document.columns == (*HEADS[:3], "Amount")
    assert {line.taxed for line in document.lines} == {()}
    assert sum(WIDTHS) == sum(WIDTHS_WITH_TAX)

"""Tax on documents: net, each rate and total, and the sentence that is asked for where none is charged."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billflow.documents.adjustment_document import compose_adjustment
from billflow.documents.document import InvoiceDocument, compose
from billflow.documents.html import render_html
from billflow.documents.pdf import render_pdf
from billflow.domain.invoicing.tax import with_tax
from billflow.domain.tax.policy import TaxCategory, TaxRate, Treatment
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.tax import tax_records
from tests.documents.samples import ISSUED, SELLER, buyer, invoice
from tests.documents.taxed import line_record
from tests.documents.test_adjustment_documents import NOTE

SWISS = TaxRate(country="CH", percent=Decimal("8.1"), name="MWST")
STANDARD = Treatment(category=TaxCategory.STANDARD, rates=(SWISS,))
REVERSE = Treatment(category=TaxCategory.REVERSE_CHARGE, rates=(replace(SWISS, percent=Decimal(0)),))
EXEMPT = Treatment(category=TaxCategory.EXEMPT, rates=(replace(SWISS, percent=Decimal(0), exemption="MWSTG 21"),))


def taxed(treatment: Treatment) -> InvoiceDetail:
    """Return the sample invoice with its tax."""
    known = invoice()
    lines = with_tax([row.line for row in known.lines], treatment, known.currency)
    rows = tuple(line_record(n, line) for n, line in enumerate(lines, 1))
    total = sum(row.amount for row in rows)
    return known.model_copy(
        update={"lines": rows, "total": total, "still_due": total - 5000, "taxes": tax_records(lines)}
    )


def written(treatment: Treatment, language: str = "de-CH") -> InvoiceDocument:
    return compose(taxed(treatment), buyer(language), SELLER)


def test_an_invoice_sums_net_tax_and_total_and_lists_no_tax_line() -> None:
    made, document = taxed(STANDARD), written(STANDARD)
    [record] = made.taxes
    assert made.total == record.base + record.tax
    assert len(document.lines) == len(made.lines) - 1
    net, tax, total, *_ = document.totals
    assert (net[0], total[0]) == ("Netto", "Summe")
    assert tax[0].startswith("MWST 8.1% auf CHF")
    assert document.sentences == ()
    assert render_pdf(document, ISSUED).startswith(b"%PDF")


def test_prices_that_contain_tax_say_so() -> None:
    contained = replace(STANDARD, rates=(replace(SWISS, inclusive=True),))
    assert written(contained, "en-US").totals[1][0].endswith("contained in the prices")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en-US", "Reverse charge: VAT is to be accounted for by the recipient"),
        ("de-DE", "Steuerschuldnerschaft des Leistungsempfängers"),
        ("fr-FR", "Autoliquidation"),
        ("it-IT", "Inversione contabile"),
        ("ja-JP", "Reverse charge"),
    ],
)
def test_reverse_charge_is_said_in_the_customers_language(language: str, sentence: str) -> None:
    document = written(REVERSE, language)
    assert document.sentences[0].startswith(sentence)
    assert sentence in render_html(document)


def test_an_exemption_says_why() -> None:
    assert written(EXEMPT).sentences == ("Steuerfrei. MWSTG 21",)


def test_a_credit_note_has_its_tax_and_no_line_over_it() -> None:
    made = taxed(STANDARD)
    [record] = made.taxes
    note = NOTE.model_copy(update={"taxes": (record.model_copy(update={"base": 4163, "tax": 337}),)})
    document = compose_adjustment(note, made, buyer("en-US"), SELLER)
    assert [name for name, _ in document.totals] == ["Net", "MWST 8.1% on CHF41.63", "Credited"]

"""An invoice says what was credited and refunded of it, when and why, and what is still due."""

import pytest

from billflow.documents.document import InvoiceDocument, compose
from billflow.documents.html import render_html
from billflow.documents.pdf import render_pdf
from billflow.documents.translations import LANGUAGES
from billflow.domain.adjustments import CreditReason, RefundReason
from billflow.models.contracts.invoice_adjustments import AdjustmentKind, InvoiceAdjustment
from billflow.models.contracts.invoices import InvoiceStatus
from tests.documents.samples import ISSUED, SELLER, adjusted, buyer, invoice
from tests.documents.test_pdf_and_html import PAGE_WIDTH, Texts, pages


def shown(language: str = "en-US") -> InvoiceDocument:
    """Return the adjusted sample for a customer that reads in *language*."""
    return compose(adjusted(), buyer(language), SELLER)


def test_each_credit_note_and_refund_is_listed_with_date_and_reason_and_summed() -> None:
    [table] = shown().tables

    assert [row.cells for row in table.rows] == [
        ("Mar 2, 2026", "Credit note", "Order changed, Two seats too many", "CHF5.00", ""),
        ("Mar 3, 2026", "Credit note", "Not satisfied", "CHF20.00", ""),
        ("Mar 4, 2026", "Refund", "", "", "CHF15.00"),
        ("Mar 5, 2026", "Refund", "Requested by the customer", "", "CHF10.00"),
        ("", "Total", "", "CHF25.00", "CHF25.00"),
    ]
    assert sum(column.width for column in table.columns) == PAGE_WIDTH


def test_what_lowered_the_total_leaves_what_is_still_due_and_net_paid_is_less_the_refunds() -> None:
    document = shown()

    assert document.totals == (
        ("Total", "CHF12,681.48"),
        ("Credited", "-CHF5.00"),
        ("Credit applied", "-CHF50.00"),
        ("Paid", "-CHF12,626.48"),
        ("Amount due", "CHF0.00"),
    )
    assert document.after_refunds == (
        ("Credit to your balance", "CHF5.00"),
        ("Refunded", "CHF25.00"),
        ("Net paid", "CHF12,601.48"),
    )


@pytest.mark.parametrize(
    ("kind", "status", "amount", "label"),
    [
        (AdjustmentKind.VOID, InvoiceStatus.VOID, 12_681_48, "Voided, Mar 1, 2026"),
        (AdjustmentKind.WRITE_OFF, InvoiceStatus.UNCOLLECTIBLE, 12_631_48, "Written off, Mar 1, 2026"),
    ],
)
def test_of_a_closed_invoice_nothing_is_due_and_it_says_since_when(
    kind: AdjustmentKind, status: InvoiceStatus, amount: int, label: str
) -> None:
    closed = InvoiceAdjustment(kind=kind, at=ISSUED, amount=amount, reason="for the audit log alone")
    document = compose(invoice(status=status).model_copy(update={"adjustments": (closed,)}), buyer("en-US"), SELLER)

    assert document.totals[-2][0] == label
    assert (document.totals[-1], document.tables) == (("Amount due", "CHF0.00"), ())
    assert "audit" not in render_html(document)


def test_an_invoice_without_adjustments_has_no_table_of_them() -> None:
    document = compose(invoice(), buyer("en-US"), SELLER)

    assert (document.tables, document.after_refunds) == ((), ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_word_for_every_reason(language: str) -> None:
    assert set(LANGUAGES[language].reasons) == {*CreditReason, *RefundReason}


@pytest.mark.parametrize("language", ["en-US", "de-CH", "fr-FR", "it-IT"])
def test_the_adjustments_are_on_the_page_and_in_the_mail(language: str) -> None:
    document = shown(language)

    read = Texts()
    read.feed(render_html(document))

    assert read.open == []
    [table] = document.tables
    assert {text for row in table.rows for text in row.cells if text} <= set(read.texts)
    assert pages(render_pdf(document, ISSUED)) == 2

"""Credit notes and receipts of refunds say what they are over, why, and where the money went."""

import pytest

from billflow.documents.adjustment_document import compose_adjustment
from billflow.documents.html import render_html
from billflow.documents.pdf import render_pdf
from billflow.domain.adjustments import CreditReason, RefundReason
from billflow.models.contracts.adjustments import AdjustmentStatus, CreditedLine, CreditNoteRecord, RefundRecord
from tests.documents.samples import ISSUED, SELLER, adjusted, buyer
from tests.documents.test_pdf_and_html import pages

NOTE = CreditNoteRecord(
    credit_note_id="n",
    invoice_id="invoice",
    number="CN-000007",
    currency="CHF",
    amount=4500,
    status=AdjustmentStatus.SUCCEEDED,
    stripe_id="cn_1",
    message=None,
    actor="support",
    at=ISSUED,
    n=1,
    before_payment=1000,
    refund_amount=2000,
    balance_amount=1500,
    reason=CreditReason.ORDER_CHANGE,
    memo="Two seats too many.",
    lines=(
        CreditedLine(line_id="line-2", description="Additional Cloud Standard license", amount=1500),
        CreditedLine(line_id="line-1", description="Cloud Standard - renewal", amount=3000),
    ),
)
REFUND = RefundRecord(
    refund_id="r",
    credit_note_id=None,
    invoice_id="invoice",
    number="RF-000003",
    currency="CHF",
    amount=1000,
    status=AdjustmentStatus.SUCCEEDED,
    stripe_id="re_1",
    message=None,
    actor="support",
    at=ISSUED,
    reason=RefundReason.REQUESTED_BY_CUSTOMER,
    out_of_band_reference="SEPA 4711",
)


def test_a_credit_note_names_its_lines_its_reason_and_where_the_money_went() -> None:
    document = compose_adjustment(NOTE, adjusted(), buyer("en-US"), SELLER)

    assert document.facts == (
        ("Number", "CN-000007"),
        ("Date", "March 1, 2026"),
        ("Invoice", "ACME-0042"),
        ("Reason", "Order changed"),
    )
    assert [(line.title, line.amount) for line in document.lines] == [
        ("Cloud Standard, additional licenses", "CHF15.00"),
        ("Cloud Standard, renewal", "CHF30.00"),
    ]
    assert (document.totals, document.note) == ((("Credited", "CHF45.00"),), "Two seats too many.")
    assert document.after_refunds == (
        ("Off the amount due", "CHF10.00"),
        ("Refunded", "CHF20.00"),
        ("Credit to your balance", "CHF15.00"),
    )


def test_a_receipt_names_invoice_reason_and_reference_and_a_refund_that_failed_later_says_so() -> None:
    document = compose_adjustment(REFUND, adjusted(), buyer("en-US"), SELLER)
    failed = REFUND.model_copy(update={"status": AdjustmentStatus.FAILED})

    assert (document.title, document.totals) == ("Refund receipt", (("Refunded", "CHF10.00"),))
    assert document.facts[2:] == (
        ("Invoice", "ACME-0042"),
        ("Reason", "Requested by the customer"),
        ("Reference", "SEPA 4711"),
    )
    assert [line.title for line in document.lines] == ["Invoice ACME-0042"]
    assert ("Status", "failed") in compose_adjustment(failed, adjusted(), buyer("en-US"), SELLER).facts


@pytest.mark.parametrize("made", [NOTE, REFUND])
@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en-US", ("Credit note", "Refund receipt")),
        ("de-DE", ("Rechnungskorrektur", "Erstattungsbeleg")),
        ("fr-FR", ("Avoir", "Reçu de remboursement")),
        ("it-IT", ("Nota di credito", "Ricevuta di rimborso")),
    ],
)
def test_both_are_made_in_every_language(
    made: CreditNoteRecord | RefundRecord, language: str, titles: tuple[str, str]
) -> None:
    document = compose_adjustment(made, adjusted(), buyer(language), SELLER)

    assert document.title == titles[made is REFUND]
    assert pages(render_pdf(document, ISSUED)) == 1
    assert document.title in render_html(document)

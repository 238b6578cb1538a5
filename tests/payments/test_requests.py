"""What is asked of Stripe is fit for it, and the same whenever the same is asked."""

import pytest

from billflow.payments.requests import invoice_params, line_params
from billflow.payments.texts import statement_descriptor
from tests.payments.inputs import a_customer, an_invoice, lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Cloud Standard", "Cloud Standard"),
        ("<Cloud> \"Plus\" 'x' *\\", "Cloud Plus x"),
        ("2026", None),
        ("***", None),
        ("", None),
    ],
)
def test_statement_descriptors_have_letters_and_no_forbidden_characters(text: str, shown: str | None) -> None:
    assert statement_descriptor(text) == shown


def test_a_repeated_request_is_the_same_to_the_letter() -> None:
    invoice = an_invoice(a_customer(), 5000, 300)
    again = type(invoice).model_validate_json(invoice.model_dump_json())

    assert invoice_params(invoice, "cus_1") == invoice_params(again, "cus_1")
    assert line_params(invoice) == line_params(again)


def test_a_line_whose_product_was_rounded_does_not_claim_a_unit_price() -> None:
    line = lines(9601)[0].model_copy(update={"quantity": 12, "unit_amount": 800})

    (sent,) = line_params(an_invoice(a_customer(), 9601, lines=(line,)))

    assert (sent.get("amount"), sent.get("description")) == (9601, "Item 1")


def test_amounts_in_thousandths_are_sent_in_tens() -> None:
    sent = line_params(an_invoice(a_customer(currency="KWD"), 5124, 5124, 5124))

    assert [line.get("amount") for line in sent] == [5120, 5130, 5120]

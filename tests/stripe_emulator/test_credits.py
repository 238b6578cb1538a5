"""Refunds, credit notes, partial payments: money that goes back, or comes in parts."""

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.flows import customer_with, event_types, opened


def paid(client: StripeClient, *amounts: int) -> tuple[stripe.Customer, stripe.Invoice, stripe.Charge]:
    customer = customer_with(client)
    invoice = client.v1.invoices.pay(opened(client, customer.id, *amounts).id)
    return customer, invoice, client.v1.charges.list({"customer": customer.id}).data[0]


def test_a_charge_is_refunded_in_parts_and_never_beyond_its_amount(client: StripeClient) -> None:
    _, _, charge = paid(client, 1000)

    part = client.v1.refunds.create({"charge": charge.id, "amount": 400, "metadata": {"why": "test"}})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": charge.id, "amount": 601})
    rest = client.v1.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        client.v1.refunds.create({"charge": charge.id})

    assert (part.status, part.amount, rest.amount) == ("succeeded", 400, 600)
    assert nothing_left.value.code == "charge_already_refunded"
    after = client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (after.refunded, after.amount_refunded) == (True, 1000)
    assert after.refunds is not None
    assert len(after.refunds.data) == 2


def test_a_pending_refund_can_be_cancelled(client: StripeClient) -> None:
    _, _, charge = paid(client, 1000)

    refund = client.v1.refunds.create({"charge": charge.id, "metadata": {"emulator_status": "pending"}})
    cancelled = client.v1.refunds.cancel(refund.id)

    assert (refund.status, cancelled.status) == ("pending", "canceled")
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 0


def test_a_credit_note_lowers_an_open_invoice_and_its_payment(client: StripeClient) -> None:
    invoice = opened(client, customer_with(client).id, 1000)

    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 300, "reason": "order_change"})

    assert (note.type, note.pre_payment_amount, note.number) == ("pre_payment", 300, f"{invoice.number}-CN-01")
    after = client.v1.invoices.retrieve(invoice.id, {"expand": ["payments.data.payment.payment_intent"]})
    assert (after.amount_remaining, after.pre_payment_credit_notes_amount) == (700, 300)
    assert after.payments is not None
    assert isinstance(after.payments.data[0].payment.payment_intent, stripe.PaymentIntent)
    assert after.payments.data[0].payment.payment_intent.amount == 700
    client.v1.credit_notes.void_credit_note(note.id)
    assert client.v1.invoices.retrieve(invoice.id).amount_remaining == 1000


def test_a_credit_note_over_all_that_is_open_pays_the_invoice(client: StripeClient) -> None:
    invoice = opened(client, customer_with(client).id, 1000)

    client.v1.credit_notes.create({"invoice": invoice.id, "amount": 1000})

    after = client.v1.invoices.retrieve(invoice.id)
    assert (after.status, after.amount_remaining, after.amount_paid) == ("paid", 0, 0)


def test_crediting_what_was_paid_says_where_the_money_goes(client: StripeClient) -> None:
    customer, invoice, charge = paid(client, 1000, 500)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.credit_notes.create({"invoice": invoice.id, "amount": 900, "refund_amount": 500})
    line = invoice.lines.data[1].id
    previewed = client.v1.credit_notes.preview(
        {
            "invoice": invoice.id,
            "lines": [{"type": "invoice_line_item", "invoice_line_item": line}],
            "refund_amount": 200,
            "credit_amount": 300,
        }
    )
    note = client.v1.credit_notes.create(
        {
            "invoice": invoice.id,
            "lines": [{"type": "invoice_line_item", "invoice_line_item": line}],
            "refund_amount": 200,
            "credit_amount": 300,
        }
    )

    assert previewed.total == note.total == 500
    assert (note.type, note.post_payment_amount) == ("post_payment", 500)
    assert note.refunds[0].amount_refunded == 200
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 200
    assert client.v1.customers.retrieve(customer.id).balance == -300
    assert [line.amount for line in client.v1.credit_notes.line_items.list(note.id).data] == [500]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.credit_notes.create({"invoice": invoice.id, "amount": 1001, "credit_amount": 1001})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.credit_notes.void_credit_note(note.id)


def test_refunds_outside_notes_lower_what_can_be_credited(client: StripeClient) -> None:
    _, invoice, charge = paid(client, 1000)
    client.v1.refunds.create({"charge": charge.id, "amount": 800})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.credit_notes.create({"invoice": invoice.id, "amount": 201, "out_of_band_amount": 201})

    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 200, "out_of_band_amount": 200})
    assert note.out_of_band_amount == 200


def test_an_invoice_takes_payments_in_parts_and_credits_what_is_too_much(client: StripeClient) -> None:
    customer = customer_with(client)
    method = client.v1.payment_methods.list({"customer": customer.id}).data[0].id
    invoice = opened(client, customer.id, 1000)

    for amount, remaining, status in ((400, 600, "open"), (700, 0, "paid")):
        intent = client.v1.payment_intents.create(
            {"amount": amount, "currency": "usd", "customer": customer.id, "payment_method": method, "confirm": True}
        )
        attached = client.v1.invoices.attach_payment(invoice.id, {"payment_intent": intent.id})
        assert (attached.amount_remaining, attached.status) == (remaining, status)

    after = client.v1.invoices.retrieve(invoice.id)
    assert (after.amount_paid, after.amount_overpaid) == (1000, 100)
    assert client.v1.customers.retrieve(customer.id).balance == -100
    assert "invoice.overpaid" in event_types(client)
    statuses = {payment.status for payment in client.v1.invoice_payments.list({"invoice": invoice.id}).data}
    assert statuses == {"paid", "canceled"}

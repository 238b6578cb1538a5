"""The life of an invoice, as Stripe's own client sees it."""

from collections.abc import Callable
from decimal import Decimal

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.flows import customer_with, draft, event_types, opened


def test_an_invoice_is_drafted_finalised_and_paid_by_card(client: StripeClient) -> None:
    customer = customer_with(client)
    invoice = draft(client, customer.id, 1200, 345)
    assert (invoice.status, invoice.total, invoice.number) == ("draft", 1545, None)

    final = client.v1.invoices.finalize_invoice(invoice.id)
    assert (final.status, final.amount_due, final.amount_remaining) == ("open", 1545, 1545)
    assert final.number is not None
    assert final.number.endswith("-0001")
    assert final.effective_at == final.status_transitions.finalized_at

    paid = client.v1.invoices.pay(invoice.id, {"expand": ["payments.data.payment.payment_intent.latest_charge"]})
    assert (paid.status, paid.amount_paid, paid.amount_remaining, paid.attempt_count) == ("paid", 1545, 0, 1)
    assert paid.payments is not None
    intent = paid.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert intent.latest_charge.amount_captured == 1545
    assert event_types(client)[-4:] == [
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


def test_a_declined_charge_leaves_the_invoice_open_and_a_record_of_the_attempt(client: StripeClient) -> None:
    invoice = opened(client, customer_with(client, "pm_card_chargeCustomerFail").id, 900)

    with pytest.raises(stripe.CardError) as refused:
        client.v1.invoices.pay(invoice.id)

    assert (refused.value.http_status, refused.value.code) == (402, "card_declined")
    after = client.v1.invoices.retrieve(invoice.id, {"expand": ["payments.data.payment.payment_intent"]})
    assert (after.status, after.attempted, after.attempt_count) == ("open", True, 1)
    assert after.payments is not None
    intent = after.payments.data[0].payment.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error is not None
    assert intent.last_payment_error.decline_code == "generic_decline"
    assert "invoice.payment_failed" in event_types(client)


@pytest.mark.parametrize(
    ("alias", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_cards_that_cannot_be_attached_are_refused(
    client: StripeClient, alias: str, code: str, decline_code: str | None
) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})

    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach(alias, {"customer": customer.id})

    assert refused.value.code == code
    assert isinstance(refused.value.json_body, dict)
    assert refused.value.json_body["error"].get("decline_code") == decline_code
    assert client.v1.payment_methods.list({"customer": customer.id}).data == []


def test_a_flaky_card_works_after_its_number_of_declines(client: StripeClient) -> None:
    invoice = opened(client, customer_with(client, "pm_sim_flaky_2").id, 900)

    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(invoice.id)

    assert client.v1.invoices.pay(invoice.id).status == "paid"


def test_a_card_that_needs_authentication_is_refused_while_its_owner_is_away(client: StripeClient) -> None:
    invoice = opened(client, customer_with(client, "pm_card_authenticationRequired").id, 900)

    with pytest.raises(stripe.CardError) as away:
        client.v1.invoices.pay(invoice.id)
    with pytest.raises(stripe.CardError) as present:
        client.v1.invoices.pay(invoice.id, {"off_session": False})

    assert away.value.json_body["error"]["decline_code"] == "authentication_required"  # type: ignore[index]
    assert present.value.code == "invoice_payment_intent_requires_action"
    assert "invoice.payment_action_required" in event_types(client)


def test_credit_is_used_up_when_an_invoice_is_finalised(client: StripeClient) -> None:
    customer = customer_with(client, balance=-1000)

    first = opened(client, customer.id, 600)
    assert (first.status, first.amount_due, first.starting_balance, first.ending_balance) == ("paid", 0, -1000, -400)

    second = opened(client, customer.id, 1500)
    assert (second.status, second.amount_due, second.ending_balance) == ("open", 1100, 0)
    ledger = client.v1.customers.balance_transactions.list(customer.id).data
    assert [(entry.type, entry.amount) for entry in ledger] == [
        ("applied_to_invoice", 400),
        ("applied_to_invoice", 600),
        ("initial", -1000),
    ]


def test_less_than_the_least_charge_goes_to_the_customers_balance(client: StripeClient) -> None:
    customer = customer_with(client)

    small = opened(client, customer.id, 49)

    assert (small.status, small.amount_due, small.ending_balance) == ("paid", 0, 49)
    assert client.v1.customers.retrieve(customer.id).balance == 49


def test_a_negative_invoice_becomes_credit(client: StripeClient) -> None:
    customer = customer_with(client)

    credit = opened(client, customer.id, -700)

    assert (credit.status, credit.amount_due, credit.total) == ("paid", 0, -700)
    assert client.v1.customers.retrieve(customer.id).balance == -700


@pytest.mark.parametrize(("currency", "amount"), [("jpy", 1200), ("kwd", 12340), ("gbp", 30)])
def test_currencies_without_and_with_three_decimals_are_invoiced(
    client: StripeClient, currency: str, amount: int
) -> None:
    invoice = opened(client, customer_with(client).id, amount, currency=currency)

    assert client.v1.invoices.pay(invoice.id).amount_paid == amount


def test_a_final_invoice_keeps_its_amounts(client: StripeClient) -> None:
    invoice = opened(client, customer_with(client).id, 900)

    changes: list[Callable[[], object]] = [
        lambda: client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 1}]}),
        lambda: client.v1.invoices.update(invoice.id, {"collection_method": "send_invoice", "days_until_due": 3}),
        lambda: client.v1.invoices.delete(invoice.id),
        lambda: client.v1.invoices.finalize_invoice(invoice.id),
    ]

    for change in changes:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            change()
        assert refused.value.code == "invoice_not_editable"

    noted = client.v1.invoices.update(invoice.id, {"metadata": {"note": "seen"}})
    assert noted.to_dict()["metadata"] == {"note": "seen"}


def test_void_and_uncollectible_invoices_stop_asking_for_money(client: StripeClient) -> None:
    customer = customer_with(client)
    void = client.v1.invoices.void_invoice(opened(client, customer.id, 900).id)
    lost = client.v1.invoices.mark_uncollectible(opened(client, customer.id, 900).id)

    assert (void.status, lost.status) == ("void", "uncollectible")
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(void.id)
    assert client.v1.invoices.pay(lost.id).status == "paid"
    payments = client.v1.invoice_payments.list({"invoice": void.id}).data
    assert [payment.status for payment in payments] == ["canceled"]


def test_money_from_elsewhere_pays_an_invoice_without_a_charge(client: StripeClient) -> None:
    customer = customer_with(client)
    invoice = opened(client, customer.id, 900)

    paid = client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})

    assert (paid.status, paid.amount_paid_off_stripe, paid.amount_remaining) == ("paid", 900, 0)
    assert client.v1.charges.list({"customer": customer.id}).data == []


def test_sending_a_draft_finalises_it_with_its_due_date(client: StripeClient) -> None:
    customer = customer_with(client)
    invoice = draft(client, customer.id, 900, collection_method="send_invoice", days_until_due=14)

    sent = client.v1.invoices.send_invoice(invoice.id)

    assert (sent.status, sent.due_date) == ("open", sent.created + 14 * 86_400)
    assert event_types(client)[-1] == "invoice.sent"


def test_pending_items_join_an_invoice_of_their_currency_only_when_asked(client: StripeClient) -> None:
    customer = customer_with(client)
    for currency, amount in (("usd", 500), ("eur", 700)):
        client.v1.invoice_items.create({"customer": customer.id, "currency": currency, "amount": amount})

    without = draft(client, customer.id)
    with_items = draft(client, customer.id, pending_invoice_items_behavior="include")

    assert (without.total, with_items.total) == (0, 500)
    pending = client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert [item.amount for item in pending] == [700]


def test_a_line_costs_its_unit_price_times_its_quantity_rounded_half_up(client: StripeClient) -> None:
    invoice = draft(client, customer_with(client).id)

    priced = client.v1.invoices.add_lines(
        invoice.id,
        {
            "lines": [
                {
                    "price_data": {"currency": "usd", "product": "prod_seat", "unit_amount_decimal": Decimal("33.5")},
                    "quantity_decimal": Decimal(3),
                }
            ]
        },
    )

    assert (priced.lines.data[0].amount, priced.total) == (101, 101)


def test_an_invoice_holds_250_lines_and_not_one_more(client: StripeClient) -> None:
    invoice = draft(client, customer_with(client).id, *[10] * 250)
    assert (invoice.total, len(invoice.lines.data), invoice.lines.has_more) == (2500, 10, True)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 1}]})

    listed = [line.id for line in client.v1.invoices.line_items.list(invoice.id, {"limit": 100}).auto_paging_iter()]
    assert len(set(listed)) == 250


def test_an_opening_balance_counts_in_the_currency_of_the_first_invoice(client: StripeClient) -> None:
    customer = customer_with(client, balance=-500)

    invoice = opened(client, customer.id, 900, currency="eur")

    assert (invoice.starting_balance, invoice.amount_due) == (-500, 400)
    assert client.v1.customers.retrieve(customer.id).currency == "eur"

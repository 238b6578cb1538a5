"""The operations around invoices: items and lines, setup, checkout, portal, search, previews."""

from collections.abc import Callable
from decimal import Decimal

import pytest
import stripe
from stripe import StripeClient

from stripe_emulator.engine.services import Settings
from stripe_emulator.server import StripeEmulator
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.flows import customer_with, draft, event_types, opened


def test_lines_of_a_draft_are_changed_and_removed(client: StripeClient) -> None:
    customer = customer_with(client)
    invoice = draft(client, customer.id, 100, 200, 300)
    one, two, three = (line.id for line in invoice.lines.data)

    changed = client.v1.invoices.update_lines(
        invoice.id, {"lines": [{"id": one, "amount": 150, "metadata": {"k": "v"}}], "invoice_metadata": {"m": "1"}}
    )
    assert (changed.total, changed.to_dict()["metadata"]) == (650, {"m": "1"})
    line = client.v1.invoices.line_items.update(invoice.id, two, {"quantity_decimal": Decimal(3)})
    assert (line.amount, line.quantity) == (600, 3)
    removed = client.v1.invoices.remove_lines(
        invoice.id, {"lines": [{"id": one, "behavior": "delete"}, {"id": three, "behavior": "unassign"}]}
    )

    assert removed.total == 600
    pending = client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert [item.amount for item in pending] == [300]


def test_an_item_on_a_draft_carries_its_line_along(client: StripeClient) -> None:
    customer = customer_with(client)
    invoice = draft(client, customer.id)
    item = client.v1.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "amount": 500})

    client.v1.invoice_items.update(item.id, {"amount": 700, "description": "seats"})
    updated = client.v1.invoices.retrieve(invoice.id)
    assert (updated.total, updated.lines.data[0].description) == (700, "seats")

    assert client.v1.invoice_items.delete(item.id).deleted
    assert client.v1.invoices.retrieve(invoice.id).total == 0


def test_tax_amounts_come_on_top_of_the_lines(client: StripeClient) -> None:
    invoice = draft(client, customer_with(client).id)
    taxed = client.v1.invoices.add_lines(
        invoice.id,
        {
            "lines": [
                {
                    "amount": 1000,
                    "tax_amounts": [
                        {
                            "amount": 190,
                            "taxable_amount": 1000,
                            "tax_rate_data": {"display_name": "VAT", "inclusive": False, "percentage": 19.0},
                        }
                    ],
                }
            ]
        },
    )

    assert (taxed.subtotal, taxed.total, taxed.amount_due) == (1000, 1190, 1190)


def test_a_preview_shows_what_would_be_due_and_leaves_nothing_behind(client: StripeClient) -> None:
    customer = customer_with(client, balance=-100)
    client.v1.invoice_items.create({"customer": customer.id, "amount": 500, "currency": "usd"})
    before = event_types(client)

    preview = client.v1.invoices.create_preview(
        {"customer": customer.id, "invoice_items": [{"amount": 250, "currency": "usd"}]}
    )

    assert (preview.total, preview.amount_due) == (750, 650)
    assert event_types(client) == before
    assert client.v1.invoices.list().data == []
    assert len(client.v1.invoice_items.list({"pending": True}).data) == 1


def test_a_setup_intent_saves_a_card(client: StripeClient) -> None:
    customer = client.v1.customers.create({})
    setup = client.v1.setup_intents.create({"customer": customer.id})
    assert setup.status == "requires_payment_method"

    with pytest.raises(stripe.CardError):
        client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    confirmed = client.v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"})

    assert confirmed.status == "succeeded"
    methods = client.v1.customers.payment_methods.list(customer.id).data
    assert [method.id for method in methods] == [confirmed.payment_method]
    other = client.v1.setup_intents.create({"customer": customer.id})
    assert client.v1.setup_intents.cancel(other.id).status == "canceled"
    assert len(client.v1.setup_intents.list({"customer": customer.id}).data) == 2


def test_a_checkout_session_can_expire_and_other_modes_are_not_simulated(client: StripeClient) -> None:
    customer = client.v1.customers.create({})
    session = client.v1.checkout.sessions.create(
        {"mode": "setup", "customer": customer.id, "currency": "usd", "success_url": "https://example.com/done"}
    )
    assert (session.status, session.url is not None) == ("open", True)

    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="not simulated"):
        client.v1.checkout.sessions.create({"mode": "payment", "success_url": "https://example.com/done"})
    listed = client.v1.checkout.sessions.list({"customer": customer.id}).data
    assert [one.status for one in listed] == ["expired"]


def test_portal_sessions_have_a_configuration(client: StripeClient) -> None:
    customer = client.v1.customers.create({})
    made = client.v1.billing_portal.configurations.create(
        {"features": {"payment_method_update": {"enabled": True}}, "business_profile": {"headline": "Hello"}}
    )
    client.v1.billing_portal.configurations.update(made.id, {"active": False})

    session = client.v1.billing_portal.sessions.create({"customer": customer.id, "return_url": "https://example.com"})

    configurations = client.v1.billing_portal.configurations.list().data
    assert session.configuration in {one.id for one in configurations}
    assert {(one.active, one.is_default) for one in configurations} == {(False, False), (True, True)}
    assert client.v1.billing_portal.configurations.retrieve(made.id).features.payment_method_update.enabled


def test_search_finds_by_fields_and_metadata_once_the_index_is_current() -> None:
    with StripeEmulator(settings=Settings(search_lag=0)) as fast, StripeEmulator() as slow:
        client, lagging = client_for(fast.url), client_for(slow.url)
        for each in (client, lagging):
            each.v1.customers.create({"email": "ada@example.com", "metadata": {"engine_id": "7"}})
            each.v1.customers.create({"email": "grace@example.com"})

        def found(query: str, *, by: StripeClient = client) -> list[str | None]:
            return [customer.email for customer in by.v1.customers.search({"query": query}).data]

        assert found("email:'ada@example.com'") == ["ada@example.com"]
        assert found("metadata['engine_id']:'7'") == ["ada@example.com"]
        assert found("-metadata['engine_id']:'7'") == ["grace@example.com"]
        assert found("email~'example' AND created>1000") == ["grace@example.com", "ada@example.com"]
        assert found("email:'ada@example.com'", by=lagging) == []
        first = client.v1.customers.search({"query": "email~'example'", "limit": 1})
        assert first.next_page is not None
        second = client.v1.customers.search({"query": "email~'example'", "limit": 1, "page": first.next_page})
        assert (second.data[0].email, second.has_more) == ("ada@example.com", False)
        mixed = "email:'a' AND name:'b' OR name:'c'"
        for wrong in (mixed, "nonsense", "colour:'red'", "created>'soon'", "email>'a'"):
            with pytest.raises(stripe.InvalidRequestError):
                client.v1.customers.search({"query": wrong})


def test_invoices_and_intents_can_be_searched() -> None:
    with StripeEmulator(settings=Settings(search_lag=0)) as server:
        client = client_for(server.url)
        invoice = opened(client, customer_with(client).id, 900, metadata={"engine_id": "i-1"})

        assert [one.id for one in client.v1.invoices.search({"query": "metadata['engine_id']:'i-1'"}).data] == [
            invoice.id
        ]
        assert client.v1.invoices.search({"query": "total>900"}).data == []
        assert len(client.v1.payment_intents.search({"query": "amount:900 AND currency:'usd'"}).data) == 1


def test_a_bank_debit_is_processing_before_it_succeeds() -> None:
    with StripeEmulator(settings=Settings(sepa_delay=0)) as server:
        client = client_for(server.url)
        customer = client.v1.customers.create({})
        method = client.v1.payment_methods.create(
            {
                "type": "sepa_debit",
                "sepa_debit": {"iban": "DE89370400440532013000"},
                "billing_details": {"email": "ada@example.com", "name": "Ada"},
            }
        )
        client.v1.payment_methods.attach(method.id, {"customer": customer.id})
        invoice = opened(client, customer.id, 900, currency="eur", default_payment_method=method.id)

        assert client.v1.invoices.pay(invoice.id).status == "open"

        for _ in range(100):
            if client.v1.invoices.retrieve(invoice.id).status == "paid":
                break
        else:
            pytest.fail("the debit never succeeded")
        assert "payment_intent.processing" in event_types(client)


def test_payment_methods_are_created_changed_and_detached(client: StripeClient) -> None:
    customer = client.v1.customers.create({})
    method = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    client.v1.payment_methods.attach(method.id, {"customer": customer.id})
    client.v1.payment_methods.update(method.id, {"billing_details": {"name": "Ada"}})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})

    assert client.v1.customers.payment_methods.retrieve(customer.id, method.id).billing_details.name == "Ada"
    client.v1.payment_methods.detach(method.id)

    assert client.v1.payment_methods.retrieve(method.id).customer is None
    assert client.v1.customers.retrieve(customer.id).invoice_settings.default_payment_method is None  # type: ignore[union-attr]


def test_payment_intents_stand_on_their_own(client: StripeClient) -> None:
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "metadata": {"k": "v"}})
    updated = client.v1.payment_intents.update(intent.id, {"amount": 600, "currency": "usd"})
    assert (updated.amount, updated.status) == (600, "requires_payment_method")

    method = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_chargeCustomerFail"}})
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.confirm(intent.id, {"payment_method": method.id})
    assert client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"}).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent.id, {"payment_method": method.id})
    with pytest.raises(stripe.InvalidRequestError) as small:
        client.v1.payment_intents.create({"amount": 49, "currency": "usd"})
    assert small.value.code == "amount_too_small"


def test_an_invoice_of_a_deleted_customer_can_be_voided_or_paid_elsewhere_and_not_charged(client: StripeClient) -> None:
    customer = customer_with(client)
    client.v1.customers.balance_transactions.create(customer.id, {"amount": -100, "currency": "usd"})
    voided, elsewhere, sent = (opened(client, customer.id, amount) for amount in (1000, 2000, 3000))

    client.v1.customers.delete(customer.id)
    refused: list[Callable[[], object]] = [
        lambda: client.v1.invoices.pay(sent.id),
        lambda: client.v1.invoices.send_invoice(sent.id),
        lambda: client.v1.customers.balance_transactions.list(customer.id),
        lambda: client.v1.invoices.create({"customer": customer.id}),
    ]
    for act in refused:
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            act()
        assert refusal.value.code == "resource_missing"

    assert client.v1.invoices.void_invoice(voided.id).status == "void"
    assert client.v1.invoices.pay(elsewhere.id, {"paid_out_of_band": True}).status == "paid"
    assert {one.id for one in client.v1.invoices.list({"customer": customer.id}).data} == {
        voided.id,
        elsewhere.id,
        sent.id,
    }

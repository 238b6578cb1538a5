"""The pages that people see."""

import httpx
import pytest
import stripe

from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, opened
from tests.waiting import PATIENCE


def test_the_first_page_shows_customers_invoices_and_events(sim: Sim) -> None:
    client = sim.client()
    customer = client.v1.customers.create({"name": "<b>Ada</b>", "email": "ada@example.com"})
    invoice = opened(client, customer.id, 123456)

    shown = httpx.get(sim.url, timeout=PATIENCE).text

    assert "&lt;b&gt;Ada&lt;/b&gt;" in shown
    assert "<b>Ada" not in shown
    assert str(invoice.number) in shown
    assert "1,234.56 USD" in shown
    assert "invoice.finalized" in shown


def test_a_customer_pays_on_the_hosted_page(sim: Sim) -> None:
    client = sim.client()
    invoice = opened(client, client.v1.customers.create({}).id, 900)
    assert invoice.hosted_invoice_url is not None
    assert "9.00 USD" in httpx.get(invoice.hosted_invoice_url, timeout=PATIENCE).text

    refused = httpx.post(
        invoice.hosted_invoice_url, data={"payment_method": "pm_card_visa_chargeDeclined"}, timeout=PATIENCE
    )
    assert (refused.status_code, "declined" in refused.text) == (402, True)
    httpx.post(invoice.hosted_invoice_url, data={"payment_method": "pm_card_visa"}, timeout=PATIENCE)

    assert client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_a_card_is_saved_on_the_checkout_page(sim: Sim) -> None:
    client = sim.client()
    session = client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer_email": "new@example.com",
            "success_url": "https://example.com/{CHECKOUT_SESSION_ID}",
        }
    )
    assert session.url is not None
    assert "pm_card_visa" in httpx.get(session.url, timeout=PATIENCE).text

    done = httpx.post(session.url, data={"payment_method": "pm_card_visa"}, timeout=PATIENCE)

    assert done.headers["location"] == f"https://example.com/{session.id}"
    assert "complete" in httpx.get(session.url, timeout=PATIENCE).text
    assert [customer.email for customer in client.v1.customers.list().data] == ["new@example.com"]


def test_the_portal_page_changes_the_default_card(sim: Sim) -> None:
    client = sim.client()
    customer = client.v1.customers.create({})
    session = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "return_url": "https://example.com/me"}
    )

    assert "https://example.com/me" in httpx.get(session.url, timeout=PATIENCE).text
    done = httpx.post(session.url, data={"payment_method": "pm_card_amex"}, timeout=PATIENCE)

    assert done.headers["location"] == "https://example.com/me"
    settings = client.v1.customers.retrieve(customer.id).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is not None


def test_a_payment_is_authenticated_on_its_page(sim: Sim) -> None:
    client = sim.client()
    invoice = opened(client, customer_with(client, "pm_card_authenticationRequired").id, 900)
    with pytest.raises(stripe.CardError) as asked:
        client.v1.invoices.pay(invoice.id, {"off_session": False})
    assert isinstance(asked.value.json_body, dict)
    url = asked.value.json_body["error"]["payment_intent"]["next_action"]["redirect_to_url"]["url"]

    assert "Authenticate" in httpx.get(url, timeout=PATIENCE).text
    assert "succeeded" in httpx.post(url, data={"answer": "yes"}, timeout=PATIENCE).text

    assert client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_unknown_pages_say_so(sim: Sim) -> None:
    for path in ("/invoices/in_x", "/checkout/cs_test_x", "/portal/bps_x"):
        assert httpx.get(f"{sim.url}{path}", timeout=PATIENCE).status_code == 404

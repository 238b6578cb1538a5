"""Every operation of the contract, called by Stripe's client and answered as the contract says."""

from typing import Any

import stripe
from stripe import StripeClient

from tests.stripe_emulator.contract import contract
from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, draft, opened

RANGE: Any = {"created": {"gte": 1, "lt": 99_999_999_999}}


def ranged(params: dict[str, Any]) -> Any:
    """Return the filters of a list with a range of creation times."""
    return {**params, **RANGE}


def of_customers(client: StripeClient) -> None:
    customer = customer_with(
        client,
        address={"line1": "1 Main St", "country": "DE"},
        shipping={"name": "Ada", "address": {"line1": "1 Main St"}},
        business_name="Ada Ltd",
        preferred_locales=["en"],
    )
    client.v1.customers.update(customer.id, {"shipping": "", "address": "", "business_name": "", "balance": -70})
    client.v1.customers.list(ranged({"email": "ada@example.com"}))
    client.v1.customers.search({"query": "email:null OR name~'ad'"})
    made = client.v1.customers.balance_transactions.create(
        customer.id, {"amount": -30, "currency": "usd", "description": "gift", "metadata": {"k": "v"}}
    )
    client.v1.customers.balance_transactions.retrieve(customer.id, made.id)
    entries = client.v1.customers.balance_transactions.list(customer.id, RANGE).data
    assert [entry.ending_balance for entry in entries] == [-100, -70]
    assert client.v1.customers.retrieve(customer.id).balance == -100
    methods = client.v1.customers.payment_methods.list(customer.id, {"type": "card"}).data
    client.v1.customers.payment_methods.retrieve(customer.id, methods[0].id)
    client.v1.customers.delete(customer.id)


def of_payment_methods(client: StripeClient) -> None:
    customer = client.v1.customers.create({"payment_method": "pm_card_visa"})
    card: Any = {"number": "4242424242424242", "exp_month": 5, "exp_year": 2031}
    method = client.v1.payment_methods.create({"type": "card", "card": card, "allow_redisplay": "always"})
    client.v1.payment_methods.attach(method.id, {"customer": customer.id})
    client.v1.payment_methods.retrieve(method.id)
    address: Any = {"country": "DE"}
    client.v1.payment_methods.update(method.id, {"billing_details": {"address": address}, "card": {"exp_month": 7}})
    listed = client.v1.payment_methods.list({"customer": customer.id, "type": "card", "allow_redisplay": "always"})
    assert [one.id for one in listed.data] == [method.id]
    client.v1.payment_methods.detach(method.id)


def of_setup(client: StripeClient, sim: Sim) -> None:
    customer = client.v1.customers.create({})
    asked = client.v1.setup_intents.create(
        {"customer": customer.id, "payment_method": "pm_card_authenticationRequired", "confirm": True}
    )
    assert asked.status == "requires_action"
    sim.post(f"/setup_intents/{asked.id}/authenticate", success=True)
    done = client.v1.setup_intents.retrieve(asked.id)
    assert done.status == "succeeded"
    client.v1.setup_intents.list(ranged({"customer": customer.id, "payment_method": str(done.payment_method)}))
    other = client.v1.setup_intents.create({"payment_method": "pm_card_threeDSecure2Required"})
    client.v1.setup_intents.update(other.id, {"description": "later", "metadata": {"k": "v"}})
    client.v1.setup_intents.confirm(other.id)
    sim.post(f"/setup_intents/{other.id}/authenticate", success=False)
    client.v1.setup_intents.cancel(other.id, {"cancellation_reason": "abandoned"})
    session = client.v1.checkout.sessions.create(
        {"mode": "setup", "customer": customer.id, "success_url": "https://example.com", "metadata": {"k": "v"}}
    )
    client.v1.checkout.sessions.retrieve(session.id)
    client.v1.checkout.sessions.list(ranged({"customer": customer.id, "status": "open"}))
    client.v1.checkout.sessions.expire(session.id)
    made = client.v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})
    client.v1.billing_portal.configurations.update(made.id, {"name": "main", "metadata": {"k": "v"}})
    client.v1.billing_portal.configurations.retrieve(made.id)
    client.v1.billing_portal.configurations.list({"active": True, "is_default": False})
    client.v1.billing_portal.sessions.create({"customer": customer.id, "configuration": made.id})


def of_drafts(client: StripeClient) -> None:
    customer = customer_with(client)
    item = client.v1.invoice_items.create({"customer": customer.id, "amount": 500, "period": {"start": 1, "end": 2}})
    client.v1.invoice_items.retrieve(item.id)
    client.v1.invoice_items.update(item.id, {"amount": 600})
    client.v1.invoice_items.list(ranged({"customer": customer.id, "pending": True}))
    client.v1.invoices.create_preview({"customer_details": {"address": ""}, "invoice_items": [{"amount": 100}]})
    invoice = draft(client, customer.id, 100, 200, custom_fields=[{"name": "PO", "value": "7"}])
    line = invoice.lines.data[0].id
    client.v1.invoices.add_lines(invoice.id, {"lines": [{"invoice_item": item.id}]})
    client.v1.invoices.update_lines(invoice.id, {"lines": [{"id": line, "amount": 150}]})
    client.v1.invoices.line_items.update(invoice.id, line, {"description": "seats"})
    client.v1.invoices.line_items.list(invoice.id, {"starting_after": line})
    client.v1.invoices.line_items.list(invoice.id, {"ending_before": invoice.lines.data[1].id})
    client.v1.invoices.remove_lines(invoice.id, {"lines": [{"id": line, "behavior": "delete"}]})
    client.v1.invoices.update(
        invoice.id, {"collection_method": "send_invoice", "days_until_due": 7, "auto_advance": True, "footer": "Thanks"}
    )
    client.v1.invoices.update(invoice.id, {"auto_advance": False, "collection_method": "charge_automatically"})
    changed = client.v1.invoices.retrieve(invoice.id)
    assert (changed.due_date, changed.automatically_finalizes_at, changed.total) == (None, None, 800)
    client.v1.invoices.delete(invoice.id)
    spare = client.v1.invoice_items.create({"customer": customer.id, "amount": 500})
    client.v1.invoice_items.delete(spare.id)


def of_invoices(client: StripeClient) -> None:
    customer = customer_with(client)
    invoice = opened(client, customer.id, 1000, metadata={"k": "v"})
    client.v1.invoices.send_invoice(invoice.id)
    client.v1.invoices.pay(invoice.id)
    client.v1.invoices.void_invoice(opened(client, customer.id, 1000).id)
    client.v1.invoices.mark_uncollectible(opened(client, customer.id, 1000).id)
    listed = client.v1.invoices.list(ranged({"customer": customer.id, "status": "paid"})).data
    assert [one.id for one in listed] == [invoice.id]
    client.v1.invoices.list({"collection_method": "charge_automatically", "due_date": {"lt": 5}})
    client.v1.invoices.search({"query": "status:'paid' AND total>=1000 metadata['k']:'v'"})
    shown = client.v1.invoices.retrieve(invoice.id, {"expand": ["confirmation_secret", "customer", "payments"]})
    assert shown.confirmation_secret is not None
    payment = client.v1.invoice_payments.list(ranged({"invoice": invoice.id, "status": "paid"})).data[0]
    client.v1.invoice_payments.retrieve(payment.id)
    intent = payment.payment.payment_intent
    assert isinstance(intent, str)
    by_intent: Any = {"payment": {"type": "payment_intent", "payment_intent": intent}}
    assert [one.id for one in client.v1.invoice_payments.list(by_intent).data] == [payment.id]


def of_payments(client: StripeClient) -> None:
    customer = customer_with(client)
    method = client.v1.payment_methods.list({"customer": customer.id}).data[0].id
    intent = client.v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "usd",
            "customer": customer.id,
            "automatic_payment_methods": {"enabled": True},
        }
    )
    client.v1.payment_intents.update(intent.id, {"description": "a payment", "payment_method": method})
    client.v1.payment_intents.confirm(intent.id, {"off_session": True})
    client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    client.v1.payment_intents.list(ranged({"customer": customer.id}))
    client.v1.payment_intents.search({"query": "amount<800"})
    client.v1.payment_intents.cancel(client.v1.payment_intents.create({"amount": 700, "currency": "usd"}).id)
    charge = client.v1.charges.list(ranged({"payment_intent": intent.id})).data[0]
    client.v1.charges.retrieve(charge.id)
    refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": 100, "reason": "duplicate"})
    client.v1.refunds.update(refund.id, {"metadata": {"k": "v"}})
    client.v1.refunds.retrieve(refund.id)
    client.v1.refunds.list(ranged({"payment_intent": intent.id}))
    waiting = client.v1.refunds.create({"charge": charge.id, "metadata": {"emulator_status": "pending"}})
    client.v1.refunds.cancel(waiting.id)
    attached = opened(client, customer.id, 700)
    client.v1.invoices.attach_payment(attached.id, {"payment_intent": intent.id})


def of_credit_notes(client: StripeClient) -> None:
    customer = customer_with(client)
    invoice = opened(client, customer.id, 1000)
    lines: Any = [{"type": "custom_line_item", "description": "late", "unit_amount": 50, "quantity": 2}]
    client.v1.credit_notes.preview({"invoice": invoice.id, "lines": lines})
    note = client.v1.credit_notes.create(
        {"invoice": invoice.id, "lines": lines, "memo": "sorry", "metadata": {"k": "v"}}
    )
    client.v1.credit_notes.retrieve(note.id)
    client.v1.credit_notes.update(note.id, {"memo": "very sorry"})
    client.v1.credit_notes.list(ranged({"customer": customer.id, "invoice": invoice.id}))
    client.v1.credit_notes.line_items.list(note.id)
    client.v1.credit_notes.void_credit_note(note.id)
    part: Any = [{"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "quantity": 1}]
    client.v1.invoices.pay(invoice.id)
    refund = client.v1.refunds.create({"payment_intent": _intent_of(client, invoice)})
    client.v1.credit_notes.create({"invoice": invoice.id, "lines": part, "refunds": [{"refund": refund.id}]})


def _intent_of(client: StripeClient, invoice: stripe.Invoice) -> str:
    return str(client.v1.invoice_payments.list({"invoice": invoice.id}).data[0].payment.payment_intent)


def of_taxes(client: StripeClient) -> None:
    customer = client.v1.customers.create({"address": {"country": "DE"}})
    tax_ids = client.v1.customers.tax_ids
    made = tax_ids.create(customer.id, {"type": "eu_vat", "value": "DE136695976"})
    tax_ids.retrieve(customer.id, made.id)
    tax_ids.list(customer.id, {"limit": 1})
    tax_ids.delete(customer.id, made.id)
    invoice = client.v1.invoices.create(
        {"customer": customer.id, "automatic_tax": {"enabled": True}, "currency": "eur"}
    )
    taxed = client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": 1000}]})
    [tax] = taxed.lines.data[0].taxes or []
    assert tax.tax_rate_details
    client.v1.tax_rates.retrieve(str(tax.tax_rate_details.tax_rate))
    vat = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 19.0, "inclusive": False, "country": "DE"})
    client.v1.tax_rates.update(vat.id, {"active": False})
    client.v1.tax_rates.list({"inclusive": False})


def of_the_rest(client: StripeClient) -> None:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_767_225_600})
    client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": 1_767_225_700})
    client.v1.test_helpers.test_clocks.retrieve(clock.id)
    client.v1.test_helpers.test_clocks.list()
    client.v1.test_helpers.test_clocks.delete(clock.id)
    endpoint = client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/nobody", "enabled_events": ["*"], "description": "none"}
    )
    client.v1.webhook_endpoints.update(endpoint.id, {"url": "http://127.0.0.1:9/nowhere", "metadata": {"k": "v"}})
    client.v1.webhook_endpoints.retrieve(endpoint.id)
    client.v1.webhook_endpoints.list()
    client.v1.webhook_endpoints.delete(endpoint.id)
    event = client.v1.events.list(ranged({"types": ["invoice.paid", "customer.created"]})).data[0]
    client.v1.events.retrieve(event.id)
    client.v1.events.list({"type": "invoice.*"})


def of_what_is_sold(client: StripeClient) -> str:
    product = client.v1.products.create({"name": "Seats", "metadata": {"k": "v"}})
    client.v1.products.update(product.id, {"description": "by seat"})
    assert [one.id for one in client.v1.products.list(ranged({"active": True})).data] == [product.id]
    gone = client.v1.products.create({"name": "Nothing"})
    client.v1.products.delete(gone.id)
    assert client.v1.products.retrieve(product.id).description == "by seat"
    params: Any = {"product": product.id, "unit_amount_decimal": "800", "currency": "usd"}
    params["recurring"] = {"interval": "month"}
    monthly = client.v1.prices.create(params)
    client.v1.prices.update(monthly.id, {"nickname": "monthly", "lookup_key": "seats"})
    found = client.v1.prices.list(ranged({"product": product.id, "type": "recurring", "lookup_keys": ["seats"]}))
    assert [one.nickname for one in found.data] == ["monthly"]
    coupon = client.v1.coupons.create({"amount_off": 100, "currency": "usd", "duration": "forever"})
    client.v1.coupons.update(coupon.id, {"name": "gift"})
    assert [one.name for one in client.v1.coupons.list(ranged({})).data] == ["gift"]
    five = client.v1.coupons.create({"percent_off": 5, "id": "five_off"})
    assert client.v1.coupons.retrieve("five_off").percent_off == 5
    client.v1.coupons.delete(five.id)
    return client.v1.prices.retrieve(monthly.id).id


def of_subscriptions(client: StripeClient) -> None:
    price, customer = of_what_is_sold(client), customer_with(client)
    coupon = client.v1.coupons.list({}).data[0].id
    made = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price}], "discounts": [{"coupon": coupon}]}
    )
    client.v1.subscriptions.update(made.id, {"metadata": {"k": "v"}})
    client.v1.subscriptions.delete_discount(made.id)
    item = client.v1.subscription_items.list({"subscription": made.id}).data[0]
    client.v1.subscription_items.update(item.id, {"quantity": 2, "proration_behavior": "none"})
    assert client.v1.subscription_items.retrieve(item.id).quantity == 2
    assert [one.id for one in client.v1.subscriptions.list(ranged({"price": price})).data] == [made.id]
    schedule = client.v1.subscription_schedules.create({"from_subscription": made.id})
    client.v1.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})
    client.v1.subscription_schedules.release(schedule.id)
    later = client.v1.subscription_schedules.create(
        {"customer": customer.id, "start_date": 4_000_000_000, "phases": [{"items": [{"price": price}]}]}
    )
    assert client.v1.subscription_schedules.cancel(later.id).status == "canceled"
    assert client.v1.subscription_schedules.retrieve(schedule.id).released_subscription == made.id
    assert len(client.v1.subscription_schedules.list(ranged({"customer": customer.id})).data) == 2
    assert client.v1.subscriptions.retrieve(made.id).discounts == []
    client.v1.subscriptions.cancel(made.id)


def test_every_operation_of_the_contract_is_answered_as_the_contract_says(sim: Sim) -> None:
    client = sim.client()
    of_customers(client)
    of_payment_methods(client)
    of_setup(client, sim)
    of_drafts(client)
    of_invoices(client)
    of_payments(client)
    of_credit_notes(client)
    of_taxes(client)
    of_subscriptions(client)
    of_the_rest(client)
    list(client.v1.events.list({"limit": 100}).auto_paging_iter())

    asked = {entry["operation"] for entry in sim.get(f"/requests?key={sim.key}")["data"]}
    known = {operation["operationId"] for path in contract()["paths"].values() for operation in path.values()}
    assert known - asked == set()
    assert sim.get("/invariants") == {"broken": []}

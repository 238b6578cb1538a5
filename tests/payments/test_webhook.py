"""A webhook is believed only when Stripe signed it, and any JSON in it is survived."""

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe import WebhookSignature

from billflow.models.contracts.webhooks import StripeEvent
from billflow.payments.client import stripe_client
from billflow.payments.gateway import StripeGateway
from billflow.payments.webhooks import InvalidSignature, MalformedWebhook, verified_event
from stripe_emulator.server import StripeEmulator
from tests.payments.inputs import KEY, an_invoice, known
from tests.stripe_emulator.receiver import receiving

SECRET = "whsec_of_a_test"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def an_event(**changes: Any) -> dict[str, Any]:
    marks = {
        "billflow_org": "org-1",
        "billflow_invoice": "invoice-1",
        "billflow_plan": "plan-1",
        "billflow_customer": "customer-1",
    }
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "invoice.paid",
        "created": 1_767_225_600,
        "livemode": False,
        "data": {"object": {"id": "in_1", "object": "invoice", "metadata": marks}},
    }
    return event | changes


def received(body: str | bytes, secret: str = SECRET, at: float | None = None) -> StripeEvent:
    text = body if isinstance(body, str) else body.decode()
    header = WebhookSignature.generate_signature_header(text, secret, int(at or time.time()))
    return verified_event(text.encode(), header, SECRET)


def test_an_event_of_ours_says_what_it_is_about() -> None:
    assert received(json.dumps(an_event())).model_dump(mode="json") == {
        "event_id": "evt_1",
        "type": "invoice.paid",
        "org_id": "org-1",
        "invoice_id": "invoice-1",
        "plan_id": "plan-1",
        "customer_id": "customer-1",
        "stripe_object_id": "in_1",
        "created": "2026-01-01T00:00:00Z",
        "livemode": False,
        "objects": {"customer": None, "invoice": "in_1", "payment_intent": None, "payment_method": None},
        "status": None,
        "reason": None,
        "currency": None,
        "amount": None,
    }


@pytest.mark.parametrize(
    "data",
    [
        {"object": {"id": "in_2", "metadata": {"order": "77"}}},
        {"object": {"id": "in_2", "metadata": None}},
        {"object": {"id": "in_2", "metadata": {"billflow_org": "o\u0000rg", "billflow_invoice": 7}}},
        {"object": {"id": "in_2"}},
        {"object": "in_2"},
        {},
    ],
)
def test_an_event_about_something_foreign_has_none_of_our_ids(data: dict[str, Any]) -> None:
    event = received(json.dumps(an_event(data=data, type="radar.early_fraud_warning.created")))

    assert event.type == "radar.early_fraud_warning.created"
    assert (event.org_id, event.invoice_id, event.plan_id, event.customer_id) == (None, None, None, None)


@pytest.mark.parametrize(
    "header", [None, "", "t=1", "t=x,v1=1", "v1=1", "t=1,v1=é", "t=1,v0=1", f"t={'9' * 5000},v1=1"]
)
def test_a_signature_that_is_none_is_forged(header: str | None) -> None:
    with pytest.raises(InvalidSignature):
        verified_event(json.dumps(an_event()).encode(), header, SECRET)


def test_another_secret_an_old_signature_and_a_changed_body_are_forged() -> None:
    body = json.dumps(an_event())
    header = WebhookSignature.generate_signature_header(body, SECRET)

    with pytest.raises(InvalidSignature):
        received(body, secret="whsec_of_somebody_else")
    with pytest.raises(InvalidSignature):
        received(body, at=time.time() - 301)
    with pytest.raises(InvalidSignature):
        verified_event(body.replace("org-1", "org-2").encode(), header, SECRET)
    with pytest.raises(InvalidSignature):
        verified_event(b"\xff\xfe", header, SECRET)


def test_without_a_secret_of_ours_nothing_is_believed() -> None:
    body = json.dumps(an_event())

    with pytest.raises(InvalidSignature):
        verified_event(body.encode(), WebhookSignature.generate_signature_header(body, ""), "")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nothing",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(an_event(id="evt\n1")),
        json.dumps(an_event(id="")),
        json.dumps(an_event(created=10**400)),
        json.dumps(an_event(data=[])),
        json.dumps(an_event(type=None)),
    ],
)
def test_a_signed_body_that_is_no_event_is_malformed(body: str) -> None:
    with pytest.raises(MalformedWebhook):
        received(body)


@given(st.dictionaries(st.sampled_from(["id", "type", "created", "livemode", "data", "object"]), JSON))
def test_any_signed_json_is_an_event_or_malformed(changes: dict[str, Any]) -> None:
    try:
        event = received(json.dumps(an_event(**changes)))
    except MalformedWebhook:
        return
    assert event.event_id


async def test_what_stripe_delivers_names_the_paid_debt() -> None:
    with receiving() as receiver, StripeEmulator(webhook=(receiver.url, SECRET)) as server:
        async with stripe_client(KEY, server.url) as client:
            gateway = StripeGateway(client)
            customer = await known(gateway)
            invoice = an_invoice(customer, 8000, -8000)
            answer = await gateway.issue(invoice)
            page = await client.v1.events.list_async({"limit": 100})
            await asyncio.to_thread(receiver.wait_for, len(page.data))
        events = [
            verified_event(body, signature, SECRET)
            for body, signature in zip(receiver.bodies, receiver.signatures, strict=True)
        ]

    (paid,) = [event for event in events if event.type == "invoice.paid"]
    assert (paid.invoice_id, paid.customer_id) == (invoice.invoice_id, customer.customer_id)
    assert (paid.stripe_object_id, paid.livemode) == (answer.stripe_invoice_id, False)

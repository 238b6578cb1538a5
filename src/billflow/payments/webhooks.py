"""Turn a webhook's raw body into a verified event; nothing in it is believed before the signature is."""

import re
from typing import Any

from pydantic import AwareDatetime, BaseModel, JsonValue, ValidationError
from stripe import SignatureVerificationError, WebhookSignature

from billflow.errors import BadRequest
from billflow.models.contracts.webhooks import StripeEvent, StripeObjects
from billflow.payments import keys

TOLERANCE = 300
"""How old a signature may be, in seconds; Stripe signs every delivery afresh."""

_ID = re.compile(r"[A-Za-z0-9_.:/-]{1,255}")


class InvalidSignature(BadRequest):
    """A webhook does not come from Stripe, or comes from long ago: its signature does not fit.

    Check `STRIPE_WEBHOOK_SECRET`, and the clock of the machine.
    """

    code = "forged_webhook"


class MalformedWebhook(BadRequest):
    """The signature of a webhook fits, but its body is no event.

    Point only Stripe's webhooks at this address.
    """

    code = "malformed_webhook"


class _Envelope(BaseModel):
    id: str
    type: str
    created: AwareDatetime
    livemode: bool
    data: dict[str, JsonValue]


def verified_event(body: bytes, signature: str | None, secret: str, tolerance: int = TOLERANCE) -> StripeEvent:
    """Return the event in a raw request body with its `Stripe-Signature` header.

    Raises `InvalidSignature` for a signature that is missing, wrong or too old, `MalformedWebhook` for a body that is
    no event. Events of types or objects we don't know come back with None for our ids.
    """
    try:
        WebhookSignature.verify_header(body, signature, secret, tolerance)
    except (SignatureVerificationError, ValueError, TypeError):
        raise InvalidSignature(
            "The Stripe-Signature header is missing, too old, or not made with this webhook secret; "
            "check STRIPE_WEBHOOK_SECRET.",
            field="Stripe-Signature",
        ) from None
    try:
        envelope = _Envelope.model_validate_json(body)
    except ValidationError:
        envelope = None
    if envelope is None or not _ID.fullmatch(envelope.id) or not _ID.fullmatch(envelope.type):
        raise MalformedWebhook("The body is no event of Stripe's; point only Stripe's webhooks at this address.")
    return _event(envelope)


def _event(envelope: _Envelope) -> StripeEvent:
    held = envelope.data.get("object")
    reported = held if isinstance(held, dict) else {}
    found = reported.get("metadata")
    metadata = found if isinstance(found, dict) else {}
    return StripeEvent(
        event_id=envelope.id,
        type=envelope.type,
        org_id=_id(metadata.get(keys.ORG)),
        invoice_id=_id(metadata.get(keys.INVOICE) or metadata.get(keys.FOR_INVOICE)),
        plan_id=_id(metadata.get(keys.PLAN)),
        customer_id=_id(metadata.get(keys.CUSTOMER)),
        stripe_object_id=_id(reported.get("id")),
        created=envelope.created,
        livemode=envelope.livemode,
        objects=_objects(reported, envelope.data.get("previous_attributes")),
        **_dispute(reported),
    )


def _objects(reported: dict[str, JsonValue], before: JsonValue) -> StripeObjects:
    """Return what the object names; a payment method that was detached was its customer's before."""
    kind, own = reported.get("object"), _id(reported.get("id"))
    settings, was = reported.get("invoice_settings"), before if isinstance(before, dict) else {}
    return StripeObjects(
        customer=own if kind == "customer" else _id(reported.get("customer") or was.get("customer")),
        invoice=own if kind == "invoice" else _id(reported.get("invoice")),
        payment_intent=_id(reported.get("payment_intent")),
        payment_method=_id(settings.get("default_payment_method")) if isinstance(settings, dict) else None,
    )


def _dispute(reported: dict[str, JsonValue]) -> dict[str, Any]:
    if reported.get("object") != "dispute":
        return {}
    amount = reported.get("amount")
    named = {name: _id(reported.get(name)) for name in ("status", "reason", "currency")}
    return {**named, "amount": amount if isinstance(amount, int) else None}


def _id(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None

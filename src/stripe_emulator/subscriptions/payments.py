"""What the payment of an invoice means for the subscription it belongs to."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.types import Obj


def invoice_paid(unit: Unit, invoice: Obj) -> None:
    """Make a subscription active whose newest invoice is paid."""
    subscription = _subscription_of(unit, invoice)
    if subscription is not None and subscription["status"] in ("past_due", "incomplete"):
        subscription["status"] = "active"
        unit.changed("customer.subscription.updated", subscription)


def payment_failed(unit: Unit, invoice: Obj) -> None:
    """Note that a subscription is behind with its newest invoice."""
    subscription = _subscription_of(unit, invoice)
    if subscription is not None and subscription["status"] == "active":
        subscription["status"] = "past_due"
        unit.changed("customer.subscription.updated", subscription)


def _subscription_of(unit: Unit, invoice: Obj) -> Obj | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    subscription = unit.find(details.get("subscription"), "subscription")
    return subscription if subscription and subscription["latest_invoice"] == invoice["id"] else None

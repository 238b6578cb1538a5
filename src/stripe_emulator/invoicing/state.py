"""Move finished invoices between their states and announce it."""

from stripe_emulator.engine import balance
from stripe_emulator.engine.unit import Unit
from stripe_emulator.payments import intents
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions.payments import invoice_paid
from stripe_emulator.types import Obj

CLOSED = {"auto_advance": False, "next_payment_attempt": None, "automatically_finalizes_at": None}


def become_paid(unit: Unit, invoice: Obj) -> None:
    """Mark the invoice paid."""
    invoice.update(status="paid", **CLOSED)
    invoice["attempted"] = True
    invoice["status_transitions"]["paid_at"] = unit.now(invoice["test_clock"])
    unit.changed("invoice.updated", invoice)
    unit.emit("invoice.paid", invoice)
    unit.emit("invoice.payment_succeeded", invoice)
    invoice_paid(unit, invoice)


def become_void(unit: Unit, invoice: Obj) -> None:
    """Mark the invoice void, stop asking for money, and undo what it did to the balance of a customer that is there."""
    stop_asking(unit, invoice, "void_invoice")
    _unapply_balance(unit, invoice)
    invoice.update(status="void", **CLOSED)
    invoice["status_transitions"]["voided_at"] = unit.now(invoice["test_clock"])
    unit.changed("invoice.updated", invoice)
    unit.emit("invoice.voided", invoice)


def become_uncollectible(unit: Unit, invoice: Obj) -> None:
    """Write the invoice off; it may still be paid."""
    invoice.update(status="uncollectible", **CLOSED)
    invoice["status_details"] = {"uncollectible": {"reason": "user_forgiven"}}
    invoice["status_transitions"]["marked_uncollectible_at"] = unit.now(invoice["test_clock"])
    unit.changed("invoice.updated", invoice)
    unit.emit("invoice.marked_uncollectible", invoice)


def _unapply_balance(unit: Unit, invoice: Obj) -> None:
    used = (invoice["starting_balance"] or 0) - (invoice["ending_balance"] or 0)
    customer = unit.find(invoice["customer"], "customer")
    if used and customer is not None:
        reason, currency = "unapplied_from_invoice", invoice["currency"]
        balance.adjust(unit, customer, used, currency, reason, invoice=invoice["id"])
        unit.changed("customer.updated", customer)


def open_payment(unit: Unit, invoice: Obj) -> tuple[Obj, Obj] | None:
    """Return the invoice's default payment and intent that still wait for money, or None."""
    for payment in unit.select(Query("invoice_payment").where("invoice", invoice["id"]).where("status", "open")):
        if payment["is_default"]:
            return payment, unit.get("payment_intent", payment["payment"]["payment_intent"])
    return None


def stop_asking(unit: Unit, invoice: Obj, reason: str) -> None:
    """Cancel the open payments of an invoice with their intents."""
    for payment in unit.select(Query("invoice_payment").where("invoice", invoice["id"]).where("status", "open")):
        intent = unit.find(payment["payment"].get("payment_intent"), "payment_intent")
        if intent is not None and intent["status"] != "succeeded" and payment["is_default"]:
            intents.cancel(unit, intent, reason)
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = unit.now(invoice["test_clock"])
        unit.save(payment)

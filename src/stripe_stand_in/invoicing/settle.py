"""Bring the outcome of a payment intent to the invoice it pays."""

from stripe_stand_in.engine.unit import Unit
from stripe_stand_in.invoicing.state import become_paid
from stripe_stand_in.storage.query import Query
from stripe_stand_in.types import Obj


def payments_of(unit: Unit, intent: Obj) -> list[Obj]:
    """Return the open invoice payments that an intent stands for."""
    return unit.select(Query("invoice_payment").where("payment_intent", intent["id"]).where("status", "open"))


def intent_succeeded(unit: Unit, intent: Obj) -> None:
    """Credit the invoices that wait for this intent."""
    for payment in payments_of(unit, intent):
        invoice = unit.get("invoice", payment["invoice"])
        credit(unit, invoice, payment, intent["amount_received"])


def credit(unit: Unit, invoice: Obj, payment: Obj, amount: int) -> None:
    """Count `amount` as paid; what goes beyond the invoice is overpaid and goes to the customer's balance."""
    now = unit.now(invoice["test_clock"])
    applied = min(amount, invoice["amount_remaining"])
    payment.update(status="paid", amount_paid=amount)
    payment["status_transitions"]["paid_at"] = now
    unit.save(payment)
    unit.emit("invoice_payment.paid", payment)
    invoice["amount_paid"] += applied
    invoice["amount_remaining"] -= applied
    invoice["amount_overpaid"] += amount - applied
    invoice["attempted"] = True
    if invoice["amount_remaining"] == 0 and invoice["status"] != "paid":
        become_paid(unit, invoice)
    else:
        unit.changed("invoice.updated", invoice)


def intent_failed(unit: Unit, invoice: Obj) -> None:
    """Record a refused attempt on the invoice."""
    invoice["attempted"] = True
    unit.changed("invoice.updated", invoice)
    unit.emit("invoice.payment_failed", invoice)

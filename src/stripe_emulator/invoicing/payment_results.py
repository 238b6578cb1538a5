"""Bring the outcome of a payment intent to the invoice it pays."""

from stripe_emulator.engine import balance
from stripe_emulator.engine.unit import Unit
from stripe_emulator.invoicing.state import become_paid, open_payment, stop_asking
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions.payments import payment_failed
from stripe_emulator.types import Obj


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
    applied = min(amount, invoice["amount_remaining"])
    payment.update(status="paid", amount_paid=amount)
    payment["status_transitions"]["paid_at"] = unit.now(invoice["test_clock"])
    unit.save(payment)
    unit.emit("invoice_payment.paid", payment)
    invoice["amount_paid"] += applied
    invoice["amount_remaining"] -= applied
    invoice["attempted"] = True
    if amount > applied:
        _overpaid(unit, invoice, amount - applied)
    if invoice["amount_remaining"] == 0 and invoice["status"] != "paid":
        stop_asking(unit, invoice, "automatic")
        become_paid(unit, invoice)
    else:
        follow(unit, invoice)
        unit.changed("invoice.updated", invoice)


def follow(unit: Unit, invoice: Obj) -> None:
    """Let the default payment ask for exactly what remains."""
    found = open_payment(unit, invoice)
    if found is None or not invoice["amount_remaining"]:
        return
    payment, intent = found
    payment["amount_requested"] = intent["amount"] = invoice["amount_remaining"]
    unit.save(payment)
    unit.save(intent)


def _overpaid(unit: Unit, invoice: Obj, extra: int) -> None:
    customer = unit.get("customer", invoice["customer"])
    invoice["amount_overpaid"] += extra
    balance.adjust(unit, customer, -extra, invoice["currency"], "invoice_overpaid", invoice=invoice["id"])
    unit.changed("customer.updated", customer)
    unit.emit("invoice.overpaid", invoice)


def intent_failed(unit: Unit, invoice: Obj) -> None:
    """Record a refused attempt on the invoice."""
    invoice["attempted"] = True
    unit.changed("invoice.updated", invoice)
    unit.emit("invoice.payment_failed", invoice)
    payment_failed(unit, invoice)

"""Attach payment intents to invoices, also for a part of what is due or for more than that."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing.payment_results import credit
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj


def attach(unit: Unit, invoice: Obj, intent: Obj) -> Obj:
    """Store an invoice payment for the intent; one that succeeded counts at once.

    Raises StripeError for an invoice that is not open, another currency, or an intent that is taken or cancelled.
    """
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"You can only attach payments to open invoices; this one is {invoice['status']}.")
    if intent["currency"] != invoice["currency"]:
        raise invalid("The payment intent has another currency than the invoice.", param="payment_intent")
    if intent["status"] == "canceled":
        raise invalid("The payment intent is cancelled.", param="payment_intent")
    if unit.count(Query("invoice_payment").where("payment_intent", intent["id"])):
        raise invalid("The payment intent is attached to an invoice already.", param="payment_intent")
    payment = unit.blank("invoice_payment", invoice["test_clock"])
    payment.update(amount_requested=intent["amount"], currency=invoice["currency"], invoice=invoice["id"])
    payment.update(status="open", payment={"type": "payment_intent", "payment_intent": intent["id"]})
    unit.add(payment)
    if intent["status"] == "succeeded":
        credit(unit, invoice, payment, intent["amount_received"])
    return payment

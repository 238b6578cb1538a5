"""What moves an invoice through its life: finalize, pay, send, void, mark uncollectible."""

from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import pay as paying
from stripe_emulator.invoicing.advance import after_finalization
from stripe_emulator.invoicing.attach import attach
from stripe_emulator.invoicing.finalize import finalize
from stripe_emulator.invoicing.state import become_uncollectible, become_void
from stripe_emulator.types import Obj


@operation("invoice.finalize_invoice")
def finalize_invoice(unit: Unit, args: Args) -> Obj:
    """Finalise a draft."""
    invoice = unit.get("invoice", args.id)
    finalize(unit, invoice, args.params.get("auto_advance"))
    after_finalization(unit, invoice)
    return invoice


@operation("invoice.pay")
def pay(unit: Unit, args: Args) -> Obj:
    """Collect an invoice; a draft is finalised first."""
    invoice = unit.get("invoice", args.id)
    paying.pay(unit, invoice, args.params)
    return invoice


@operation("invoice.send_invoice")
def send(unit: Unit, args: Args) -> Obj:
    """Send an invoice: a draft is finalised first; no mail leaves the machine."""
    invoice = unit.get("invoice", args.id)
    unit.get("customer", invoice["customer"], "customer")
    if invoice["status"] == "draft":
        finalize(unit, invoice)
        after_finalization(unit, invoice)
    if invoice["status"] in ("void", "uncollectible"):
        raise invalid(f"You cannot send an invoice that is {invoice['status']}.")
    unit.emit("invoice.sent", invoice)
    return invoice


@operation("invoice.void_invoice")
def void(unit: Unit, args: Args) -> Obj:
    """Void an open or uncollectible invoice that nobody has paid a part of."""
    invoice = unit.get("invoice", args.id)
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"You can only void open or uncollectible invoices; this one is {invoice['status']}.")
    if invoice["amount_paid"]:
        raise invalid("You cannot void an invoice that is partly paid; credit it instead.")
    become_void(unit, invoice)
    return invoice


@operation("invoice.mark_uncollectible")
def mark_uncollectible(unit: Unit, args: Args) -> Obj:
    """Write an open invoice off."""
    invoice = unit.get("invoice", args.id)
    if invoice["status"] != "open":
        raise invalid(f"You can only mark open invoices uncollectible; this one is {invoice['status']}.")
    become_uncollectible(unit, invoice)
    return invoice


@operation("invoice.attach_payment")
def attach_payment(unit: Unit, args: Args) -> Obj:
    """Count a payment intent towards the invoice, now or once it succeeds."""
    if not args.params.get("payment_intent"):
        raise invalid("Payment records are not simulated: give a payment_intent.", param="payment_intent")
    invoice = unit.get("invoice", args.id)
    attach(unit, invoice, unit.get("payment_intent", args.params["payment_intent"], "payment_intent"))
    return invoice

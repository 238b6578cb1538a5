"""Pay an invoice: choose the payment method, charge it, or note that money came some other way."""

from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, card_error, invalid
from stripe_emulator.invoicing.finalize import finalize
from stripe_emulator.invoicing.payment_results import intent_failed, intent_succeeded
from stripe_emulator.invoicing.state import become_paid, open_payment, stop_asking
from stripe_emulator.payments import intents
from stripe_emulator.types import Obj


def pay(unit: Unit, invoice: Obj, params: Obj) -> None:
    """Collect what is due now; raises StripeError 400 for a state that cannot be paid, 402 for a refused card."""
    if invoice["status"] == "draft":
        finalize(unit, invoice)
        if invoice["status"] == "paid":
            return
    require_payable(invoice)
    if params.get("paid_out_of_band"):
        pay_elsewhere(unit, invoice)
        return
    unit.get("customer", invoice["customer"], "customer")
    method = _method(unit, invoice, params)
    collect(unit, invoice, method, off_session=params.get("off_session", True) is not False)


def require_payable(invoice: Obj) -> None:
    """Raise StripeError unless the invoice is open or uncollectible."""
    if invoice["status"] == "paid":
        # [assume] Stripe documents no code for this.
        raise invalid("Invoice is already paid")
    if invoice["status"] == "void":
        raise invalid("You cannot pay an invoice that is void.")


def pay_elsewhere(unit: Unit, invoice: Obj) -> None:
    """Mark an invoice paid by money that Stripe has not seen [assume: it counts in `amount_paid` too]."""
    stop_asking(unit, invoice, "automatic")
    invoice["amount_paid_off_stripe"] += invoice["amount_remaining"]
    invoice["amount_paid"] += invoice["amount_remaining"]
    invoice["amount_remaining"] = 0
    become_paid(unit, invoice)


def collect(unit: Unit, invoice: Obj, method: Obj, *, off_session: bool, automatic: bool = False) -> None:
    """Charge the method for what remains; raises StripeError 402 unless the money came in or is on its way."""
    found = open_payment(unit, invoice)
    if found is None:
        raise invalid("The invoice has no open payment to collect.")
    payment, intent = found
    if intent["status"] == "processing":
        raise invalid("A payment of this invoice is being processed.", code="payment_intent_unexpected_state")
    if automatic or invoice["attempt_count"] == 0:
        invoice["attempt_count"] += 1
    outcome = intents.attempt(unit, intent, method, off_session=off_session)
    if outcome.kind == "succeeded":
        intent_succeeded(unit, intent)
    elif outcome.decline is not None:
        intent_failed(unit, invoice)
        raise intents.declined(unit, intent, outcome.decline)
    elif outcome.kind == "requires_action":
        raise _action_required(unit, invoice, intent)
    else:
        invoice["attempted"] = True
        unit.changed("invoice.updated", invoice)
    unit.save(payment)


def default_method(unit: Unit, invoice: Obj) -> Obj | None:
    """Return the invoice's own default payment method, else the customer's, else None."""
    customer = unit.get("customer", invoice["customer"])
    chosen = invoice["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return unit.find(chosen, "payment_method")


def _method(unit: Unit, invoice: Obj, params: Obj) -> Obj:
    given = params.get("payment_method")
    method = unit.get("payment_method", given, "payment_method") if given else default_method(unit, invoice)
    if method is None:
        # [assume] the code; the message says what to do.
        raise invalid(
            "There is no default payment method set on this customer or invoice. Set one, or pass payment_method.",
            code="invoice_no_payment_method_types",
        )
    if method["customer"] != invoice["customer"]:
        raise invalid(
            "The payment method does not belong to the customer of the invoice; attach it first.",
            code="resource_missing",
            param="payment_method",
        )
    return method


def _action_required(unit: Unit, invoice: Obj, intent: Obj) -> StripeError:
    invoice["attempted"] = True
    unit.changed("invoice.updated", invoice)
    unit.emit("invoice.payment_action_required", invoice)
    # [assume] the code's pairing with cards that need 3-D Secure each time.
    error = card_error(
        "This invoice's payment needs the customer to authenticate it.",
        code="invoice_payment_intent_requires_action",
    )
    error.details["payment_intent"] = render(unit, intent)
    return error

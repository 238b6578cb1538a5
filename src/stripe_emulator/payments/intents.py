"""Create payment intents and carry out their attempts."""

from stripe_emulator.engine.cards import DO_NOT_RETRY, Decline, debit_for
from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, card_error
from stripe_emulator.payments.behaviour import ChargeOutcome, charge_outcome
from stripe_emulator.payments.charges import charge_for, mark_paid
from stripe_emulator.types import Obj

PAYABLE = {"requires_payment_method", "requires_confirmation", "requires_action"}


def new_intent(unit: Unit, amount: int, currency: str, customer: str | None, invoice: str | None = None) -> Obj:
    """Store an intent that waits for a payment method; the caller announces it."""
    owner = unit.find(customer, "customer") or {}
    intent = unit.blank("payment_intent", owner.get("test_clock"))
    intent.update(amount=amount, currency=currency, customer=customer, status="requires_payment_method")
    intent.update(capture_method="automatic", confirmation_method="automatic", payment_method_types=["card"])
    intent["client_secret"] = f"{intent['id']}_secret_{unit.services.ids.text(24)}"
    intent["amount_details"] = {"tip": {}}
    intent["_sim"] = {"invoice": invoice, "test_clock": owner.get("test_clock")}
    return unit.add(intent)


def attempt(unit: Unit, intent: Obj, method: Obj, *, off_session: bool) -> ChargeOutcome:
    """Charge the method for the intent; charge, intent and their events are stored whatever the bank says."""
    intent["payment_method"] = method["id"]
    intent["payment_method_types"] = sorted({*intent["payment_method_types"], method["type"]})
    outcome = charge_outcome(unit, method, off_session=off_session)
    if outcome.kind == "succeeded":
        succeed(unit, intent, charge_for(unit, intent, method, "succeeded"))
    elif outcome.kind == "processing":
        _process(unit, intent, method)
    elif outcome.kind == "requires_action":
        _ask(unit, intent)
    elif outcome.decline is not None:
        _decline(unit, intent, method, outcome.decline)
    return outcome


def succeed(unit: Unit, intent: Obj, charge: Obj) -> None:
    """Record that the intent's money came in by this charge."""
    mark_paid(unit, charge)
    unit.emit("charge.succeeded", charge)
    intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"])
    intent.update(last_payment_error=None, next_action=None)
    unit.save(intent)
    unit.emit("payment_intent.succeeded", intent)


def fail(unit: Unit, intent: Obj, method: Obj, charge: Obj | None, decline: Decline) -> None:
    """Record a refusal: the intent waits for another payment method."""
    error: Obj = {"type": "card_error", "code": decline.code, "message": decline.message}
    if decline.decline_code is not None:
        error["decline_code"] = decline.decline_code
    if charge is not None:
        error["charge"] = charge["id"]
        intent["latest_charge"] = charge["id"]
    error["payment_method"] = render(unit, method)
    intent.update(status="requires_payment_method", payment_method=None, next_action=None, last_payment_error=error)
    unit.save(intent)
    unit.emit("payment_intent.payment_failed", intent)


def complete(unit: Unit, intent: Obj, charge: Obj) -> bool:
    """Let the bank answer a debit that was processing; return whether it paid."""
    method = unit.get("payment_method", intent["payment_method"])
    refusal = debit_for(method).refusal
    if refusal is None:
        succeed(unit, intent, charge)
        return True
    charge.update(status="failed", failure_code=refusal.code, failure_message=refusal.message, captured=False)
    unit.save(charge)
    unit.emit("charge.failed", charge)
    fail(unit, intent, method, charge, refusal)
    return False


def cancel(unit: Unit, intent: Obj, reason: str | None) -> None:
    """Cancel an intent that has not succeeded."""
    intent.update(status="canceled", cancellation_reason=reason, next_action=None)
    intent["canceled_at"] = unit.now(intent["_sim"].get("test_clock"))
    unit.save(intent)
    unit.emit("payment_intent.canceled", intent)


def declined(unit: Unit, intent: Obj, decline: Decline) -> StripeError:
    """Build the 402 for a refused charge, with the intent as it is now."""
    error = card_error(decline.message, code=decline.code, decline_code=decline.decline_code)
    if decline.decline_code in DO_NOT_RETRY:
        error.details["advice_code"] = "do_not_try_again"
    if intent["latest_charge"]:
        error.details["charge"] = intent["latest_charge"]
    error.details["payment_intent"] = render(unit, intent)
    return error


def _decline(unit: Unit, intent: Obj, method: Obj, decline: Decline) -> None:
    charge = charge_for(unit, intent, method, "failed", decline)
    unit.emit("charge.failed", charge)
    fail(unit, intent, method, charge, decline)


def _process(unit: Unit, intent: Obj, method: Obj) -> None:
    charge = charge_for(unit, intent, method, "pending")
    intent.update(status="processing", latest_charge=charge["id"])
    unit.save(intent)
    unit.emit("payment_intent.processing", intent)
    clock = intent["_sim"].get("test_clock")
    due = unit.now(clock) + unit.services.settings.sepa_delay + debit_for(method).seconds
    unit.later("payment_intent.complete", {"id": intent["id"], "test_clock": clock}, due)


def _ask(unit: Unit, intent: Obj) -> None:
    url = f"{unit.services.base_url}/authenticate/{intent['id']}"
    intent.update(status="requires_action")
    intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}
    unit.save(intent)
    unit.emit("payment_intent.requires_action", intent)

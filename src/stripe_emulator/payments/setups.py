"""Setup intents: save a payment method for later, with the customer's consent."""

from stripe_emulator.engine.cards import card_for
from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, invalid
from stripe_emulator.payments.methods import attach_to, refusal
from stripe_emulator.types import Obj

OPEN = {"requires_payment_method", "requires_confirmation", "requires_action"}
ASKING = {"authenticate", "authenticate_each_time"}


def new_setup(unit: Unit, customer: str | None) -> Obj:
    """Store a setup intent that waits for a payment method; the caller announces it."""
    owner = unit.find(customer, "customer") or {}
    setup = unit.blank("setup_intent", owner.get("test_clock"))
    setup.update(customer=customer, metadata={}, payment_method_types=["card"], usage="off_session")
    setup.update(status="requires_payment_method", client_secret=f"{setup['id']}_secret_{unit.services.ids.text(24)}")
    return unit.add(setup)


def confirm(unit: Unit, setup: Obj, method_id: str, *, authenticated: bool = False) -> None:
    """Save the method, or ask for authentication; raises StripeError 402 for a card that is refused."""
    if setup["status"] not in OPEN:
        raise invalid(f"This setup intent is {setup['status']}.", code="setup_intent_unexpected_state")
    method = unit.find(method_id, "payment_method")
    alias = method["_sim"]["alias"] if method else method_id
    card = card_for(alias)
    problem = refusal(card) if card else None
    if problem is not None:
        raise _failed(unit, setup, problem)
    if card is not None and card.behaviour in ASKING and not authenticated:
        _ask(unit, setup, method_id)
        return
    customer = unit.find(setup["customer"], "customer")
    if customer is not None:
        method_id = attach_to(unit, customer, method_id)["id"]
    else:
        unit.get("payment_method", method_id, "payment_method")
    setup.update(status="succeeded", payment_method=method_id, next_action=None, last_setup_error=None)
    setup["_sim"] = {}
    unit.save(setup)
    unit.emit("setup_intent.succeeded", setup)


def cancel(unit: Unit, setup: Obj, reason: str | None) -> None:
    """Cancel a setup intent that is not finished."""
    if setup["status"] not in OPEN:
        raise invalid(f"This setup intent is {setup['status']}.", code="setup_intent_unexpected_state")
    setup.update(status="canceled", cancellation_reason=reason, next_action=None)
    unit.save(setup)
    unit.emit("setup_intent.canceled", setup)


def _ask(unit: Unit, setup: Obj, method_id: str) -> None:
    url = f"{unit.services.base_url}/authenticate/{setup['id']}"
    setup.update(status="requires_action", _sim={"method": method_id})
    setup["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": None}}
    unit.save(setup)
    unit.emit("setup_intent.requires_action", setup)


def _failed(unit: Unit, setup: Obj, problem: StripeError) -> StripeError:
    error = {"type": "card_error", "code": problem.code, "message": problem.message}
    setup.update(status="requires_payment_method", last_setup_error={**error, **problem.details})
    unit.save(setup)
    unit.emit("setup_intent.setup_failed", setup)
    problem.keep_changes = True
    problem.details["setup_intent"] = render(unit, setup)
    return problem

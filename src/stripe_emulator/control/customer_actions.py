"""What the world does: customers authenticate, enter cards, choose defaults; events are sent again or made up."""

from stripe_emulator.contract.table import blank
from stripe_emulator.engine.cards import GENERIC
from stripe_emulator.engine.object_units import unit_of_object
from stripe_emulator.engine.services import Services
from stripe_emulator.engine.unit import Origin, Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing.payment_results import intent_failed, intent_succeeded, payments_of
from stripe_emulator.payments import intents, setups
from stripe_emulator.payments.charges import charge_for
from stripe_emulator.resources import billing_portal, checkout_sessions
from stripe_emulator.storage import outbox
from stripe_emulator.types import Obj
from stripe_emulator.wire.messages import API_VERSION


def authenticate(services: Services, identifier: str, *, success: bool) -> str:
    """Finish 3-D Secure of a payment or setup intent as its customer; return the new status."""
    with unit_of_object(services, identifier) as unit:
        setup = unit.find(identifier, "setup_intent")
        if setup is not None:
            _authenticate_setup(unit, setup, success=success)
            return str(setup["status"])
        intent = unit.get("payment_intent", identifier)
        if intent["status"] != "requires_action":
            raise invalid(f"This payment intent is {intent['status']}; nothing is to be authenticated.")
        method = unit.get("payment_method", intent["payment_method"])
        if success:
            intents.succeed(unit, intent, charge_for(unit, intent, method, "succeeded"))
            intent_succeeded(unit, intent)
        else:
            intents.fail(unit, intent, method, None, GENERIC)
            for payment in payments_of(unit, intent):
                intent_failed(unit, unit.get("invoice", payment["invoice"]))
        return str(intent["status"])


def _authenticate_setup(unit: Unit, setup: Obj, *, success: bool) -> None:
    if setup["status"] != "requires_action":
        raise invalid(f"This setup intent is {setup['status']}; nothing is to be authenticated.")
    if success:
        setups.confirm(unit, setup, setup["_sim"]["method"], authenticated=True)
    else:
        setup.update(status="requires_payment_method", next_action=None)
        unit.save(setup)
        unit.emit("setup_intent.setup_failed", setup)


def complete_checkout(services: Services, session_id: str, method: str) -> None:
    """Enter a card on a checkout page."""
    with unit_of_object(services, session_id) as unit:
        checkout_sessions.complete(unit, unit.get("checkout.session", session_id), method)


def set_default(services: Services, session_id: str, method: str) -> None:
    """Choose a card on a portal page."""
    with unit_of_object(services, session_id) as unit:
        billing_portal.set_default(unit, unit.get("billing_portal.session", session_id), method)


def inject_event(services: Services, account: str, event_type: str, subject: Obj) -> str:
    """Announce something that the emulator does not simulate, such as a dispute; return the event's id."""
    with services.db.transaction():
        unit = Unit(services, account, Origin())
        event = blank("event")
        now = services.clock.now()
        event.update(id=services.ids.new("event"), type=event_type, created=int(now), api_version=API_VERSION)
        event["data"] = {"object": subject}
        event["request"] = {"id": None, "idempotency_key": None}
        event["pending_webhooks"] = outbox.queue(services.db, account, event, now)
        unit.add(event)
    return str(event["id"])

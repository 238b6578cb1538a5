"""The billing portal: configurations, and sessions with a page where a customer changes the card."""

from typing import Any

from stripe_emulator.engine import fields
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.payments.methods import attach_to
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

SESSION = "billing_portal.session"
CONFIGURATION = "billing_portal.configuration"
DEFAULTS: Obj = {
    "subscription_cancel": {"mode": "at_period_end", "proration_behavior": "none"},
    "subscription_pause": {"duration": {"type": "indefinite"}},
    "subscription_update": {"proration_behavior": "none", "trial_update_behavior": "end_trial"},
}


@operation("billing_portal.session.create")
def create_session(unit: Unit, args: Args) -> Obj:
    """Create a session for a customer."""
    customer = unit.get("customer", args.params.get("customer") or "", "customer")
    chosen = args.params.get("configuration")
    configuration = unit.get(CONFIGURATION, chosen, "configuration") if chosen else _default(unit)
    session = unit.blank(SESSION, customer.get("test_clock"))
    session.update(customer=customer["id"], configuration=configuration["id"])
    fields.copy(session, args.params, ("locale", "on_behalf_of", "return_url"))
    session["return_url"] = session["return_url"] or configuration["default_return_url"]
    session["url"] = f"{unit.services.base_url}/portal/{session['id']}"
    unit.add(session)
    unit.emit("billing_portal.session.created", session)
    return session


def set_default(unit: Unit, session: Obj, method: str) -> Obj:
    """Attach a card and make it the customer's default, as the customer does on the page."""
    customer = unit.get("customer", session["customer"])
    attached = attach_to(unit, customer, method)
    customer["invoice_settings"]["default_payment_method"] = attached["id"]
    unit.changed("customer.updated", customer)
    return customer


@operation("billing_portal.configuration.create")
def create_configuration(unit: Unit, args: Args) -> Obj:
    """Create a configuration."""
    configuration = _new(unit)
    _apply(unit, configuration, args.params)
    unit.emit("billing_portal.configuration.created", configuration)
    return configuration


@operation("billing_portal.configuration.retrieve")
def retrieve_configuration(unit: Unit, args: Args) -> Obj:
    """Return a configuration."""
    return unit.get(CONFIGURATION, args.id)


@operation("billing_portal.configuration.update")
def update_configuration(unit: Unit, args: Args) -> Obj:
    """Change a configuration."""
    configuration = unit.get(CONFIGURATION, args.id)
    _apply(unit, configuration, args.params)
    configuration["updated"] = unit.now()
    unit.changed("billing_portal.configuration.updated", configuration)
    return configuration


@operation("billing_portal.configuration.list")
def list_configurations(unit: Unit, args: Args) -> Obj:
    """List configurations by whether they are active and the default."""
    query = Query(CONFIGURATION)
    for name in ("active", "is_default"):
        if args.params.get(name) is not None:
            query.where(name, int(args.params[name]))
    return page(unit, args, query)


def _default(unit: Unit) -> Obj:
    found = unit.select(Query(CONFIGURATION).where("is_default", 1))
    if found:
        return found[0]
    configuration = _new(unit)
    configuration["is_default"] = True
    unit.save(configuration)
    return configuration


def _new(unit: Unit) -> Obj:
    configuration = unit.blank(CONFIGURATION)
    configuration.update(active=True, updated=configuration["created"], metadata={})
    configuration["features"] = _merged(configuration["features"], DEFAULTS)
    return unit.add(configuration)


def _apply(unit: Unit, configuration: Obj, params: Obj) -> None:
    fields.copy(configuration, params, ("default_return_url", "name", "active"))
    fields.merge_metadata(configuration, params)
    for name in ("business_profile", "features", "login_page"):
        configuration[name] = _merged(configuration[name], params.get(name) or {})
    unit.save(configuration)


def _merged(current: Any, change: Any) -> Any:
    if not isinstance(current, dict) or not isinstance(change, dict):
        return current if change is None else change
    return {**current, **{name: _merged(current.get(name), value) for name, value in change.items()}}

"""Checkout sessions in setup mode: a page where the customer enters a card."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.due import task
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.payments import setups
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

KIND = "checkout.session"
LIFETIME = 86_400
COPIED = (
    "cancel_url",
    "client_reference_id",
    "currency",
    "customer_creation",
    "customer_email",
    "locale",
    "success_url",
)


def check(params: Obj) -> None:
    """Raise StripeError for the modes that are not simulated, or without an address to return to."""
    if params.get("mode") != "setup":
        raise invalid(f"Checkout mode {params.get('mode')} is not simulated: use setup.", param="mode")
    if not params.get("success_url"):
        raise invalid("Missing required param: success_url.", code="parameter_missing", param="success_url")


@operation("checkout.session.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Create a session with its setup intent."""
    params = args.params
    customer = unit.get("customer", params["customer"], "customer") if params.get("customer") else {}
    session = unit.blank(KIND, customer.get("test_clock"))
    setup = setups.new_setup(unit, customer.get("id"))
    data = params.get("setup_intent_data") or {}
    fields.copy(setup, data, ("description",))
    fields.merge_metadata(setup, data)
    unit.save(setup)
    session.update(mode="setup", status="open", payment_status="no_payment_required", ui_mode="hosted_page")
    session.update(customer=customer.get("id"), setup_intent=setup["id"], payment_method_types=["card"], metadata={})
    session.update(payment_method_collection="always", url=f"{unit.services.base_url}/checkout/{session['id']}")
    session["expires_at"] = params.get("expires_at") or session["created"] + LIFETIME
    session["_sim"] = {"test_clock": customer.get("test_clock")}
    fields.copy(session, params, COPIED)
    fields.merge_metadata(session, params)
    unit.add(session)
    unit.emit("setup_intent.created", setup)
    due = {"id": session["id"], "test_clock": customer.get("test_clock")}
    unit.later("checkout.expire", due, session["expires_at"])
    return session


@operation("checkout.session.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a session."""
    return unit.get(KIND, args.id)


@operation("checkout.session.list")
def list_sessions(unit: Unit, args: Args) -> Obj:
    """List sessions by customer, status, payment intent and creation."""
    query = Query(KIND)
    for name in ("customer", "status", "payment_intent", "payment_link", "subscription"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    email = (args.params.get("customer_details") or {}).get("email")
    if email:
        query.where("customer_details.email", email)
    return page(unit, args, query)


@operation("checkout.session.expire")
def expire(unit: Unit, args: Args) -> Obj:
    """Close an open session."""
    session = unit.get(KIND, args.id)
    if session["status"] != "open":
        raise invalid(f"Only open sessions can be expired; this one is {session['status']}.")
    close(unit, session)
    return session


@task("checkout.expire", KIND)
def close(unit: Unit, session: Obj) -> None:
    """Expire a session that nobody completed."""
    if session["status"] == "open":
        session.update(status="expired", url=None)
        unit.save(session)
        unit.emit("checkout.session.expired", session)


def complete(unit: Unit, session: Obj, method: str) -> None:
    """Do what the customer does on the page; raises StripeError for a session that is closed or a refused card."""
    if session["status"] != "open":
        raise invalid(f"This session is {session['status']}.")
    setup = unit.get("setup_intent", session["setup_intent"])
    if session["customer"] is None:
        session["customer"] = setup["customer"] = _new_customer(unit, session)["id"]
    setups.confirm(unit, setup, method, authenticated=True)
    customer = unit.get("customer", session["customer"])
    details = dict.fromkeys(("address", "business_name", "individual_name", "phone", "tax_ids"))
    known = {"email": customer["email"], "name": customer["name"], "tax_exempt": "none"}
    session.update(status="complete", url=None, customer_details={**details, **known})
    unit.save(session)
    unit.emit("checkout.session.completed", session)


def _new_customer(unit: Unit, session: Obj) -> Obj:
    customer = unit.blank("customer")
    customer.update(email=session["customer_email"], name=None, phone=None, address=None, currency=None)
    customer.update(tax_exempt="none", next_invoice_sequence=1, invoice_prefix=unit.services.ids.text(8).upper())
    customer.update(test_clock=None, preferred_locales=[], delinquent=False, discount=None)
    unit.add(customer)
    unit.emit("customer.created", customer)
    return customer

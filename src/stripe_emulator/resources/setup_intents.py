"""Setup intents: create, retrieve, update, confirm, cancel, list."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.payments import setups
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

COPIED = ("description", "usage", "allowed_payment_method_types", "attach_to_self")


@operation("setup_intent.create")
def create(unit: Unit, args: Args) -> Obj:
    """Create a setup intent; `confirm` saves the method at once."""
    customer = args.params.get("customer")
    if customer:
        unit.get("customer", customer, "customer")
    setup = setups.new_setup(unit, customer)
    _apply(unit, setup, args.params)
    unit.complete(setup)
    unit.emit("setup_intent.created", setup)
    if args.params.get("confirm"):
        _confirm(unit, setup, args.params)
    return setup


@operation("setup_intent.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a setup intent."""
    return unit.get("setup_intent", args.id)


@operation("setup_intent.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change a setup intent."""
    setup = unit.get("setup_intent", args.id)
    fields.copy(setup, args.params, ("customer",))
    _apply(unit, setup, args.params)
    return setup


@operation("setup_intent.confirm")
def confirm(unit: Unit, args: Args) -> Obj:
    """Save the payment method, or ask its owner to authenticate."""
    setup = unit.get("setup_intent", args.id)
    _confirm(unit, setup, args.params)
    return setup


@operation("setup_intent.cancel")
def cancel(unit: Unit, args: Args) -> Obj:
    """Cancel a setup intent that is not finished."""
    setup = unit.get("setup_intent", args.id)
    setups.cancel(unit, setup, args.params.get("cancellation_reason"))
    return setup


@operation("setup_intent.list")
def list_setups(unit: Unit, args: Args) -> Obj:
    """List setup intents by customer, payment method and creation."""
    query = Query("setup_intent")
    for name in ("customer", "payment_method"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)


def _apply(unit: Unit, setup: Obj, params: Obj) -> None:
    given = {name: value for name, value in params.items() if value is not None}
    fields.copy(setup, given, COPIED)
    fields.merge_metadata(setup, params)
    if params.get("payment_method"):
        setup.update(payment_method=params["payment_method"], status="requires_confirmation")
    unit.save(setup)


def _confirm(unit: Unit, setup: Obj, params: Obj) -> None:
    method = params.get("payment_method") or setup["payment_method"]
    if not method:
        raise invalid("A payment method is needed to confirm.", code="parameter_missing", param="payment_method")
    setups.confirm(unit, setup, method)

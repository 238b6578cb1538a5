"""Charges: retrieve and list."""

from stripe_emulator.engine.expand import includes
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import list_object, render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj


@operation("charge.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a charge."""
    return unit.get("charge", args.id)


@operation("charge.list")
def list_charges(unit: Unit, args: Args) -> Obj:
    """List charges by customer, payment intent, transfer group and creation."""
    query = Query("charge")
    for name in ("customer", "payment_intent", "transfer_group"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)


@includes("charge", "refunds")
def refunds(unit: Unit, charge: Obj) -> Obj:
    """Return the charge's refunds; absent unless expanded."""
    found = unit.select(Query("refund").where("charge", charge["id"]))
    return list_object([render(unit, refund) for refund in found], f"/v1/charges/{charge['id']}/refunds")

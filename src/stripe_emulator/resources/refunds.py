"""Refunds: create, retrieve, update, cancel, list."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.due import task
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.payments import refunds
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj


def check(params: Obj) -> None:
    """Raise StripeError unless one charge or payment intent is named."""
    fields.exclusive(params, ("charge", "payment_intent"))
    if not params.get("charge") and not params.get("payment_intent"):
        raise invalid(
            "Missing required param: charge. Give a charge or a payment_intent.",
            code="parameter_missing",
            param="charge",
        )


@operation("refund.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Refund a charge, all that is left of it unless an amount is given."""
    charge = _charge(unit, args.params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = args.params.get("amount")
    holder: Obj = {"metadata": {}}
    fields.merge_metadata(holder, args.params)
    wanted = left if amount is None else amount
    return refunds.refund_charge(unit, charge, wanted, args.params.get("reason"), holder["metadata"])


@operation("refund.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a refund."""
    return unit.get("refund", args.id)


@operation("refund.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change a refund's metadata."""
    refund = unit.get("refund", args.id)
    fields.merge_metadata(refund, args.params)
    unit.changed("refund.updated", refund)
    return refund


@operation("refund.cancel")
def cancel(unit: Unit, args: Args) -> Obj:
    """Cancel a refund that is pending."""
    refund = unit.get("refund", args.id)
    if refund["status"] != "pending":
        raise invalid(f"This refund is {refund['status']} and cannot be cancelled.")
    refunds.reverse(unit, refund, "canceled")
    unit.changed("refund.updated", refund)
    return refund


@operation("refund.list")
def list_refunds(unit: Unit, args: Args) -> Obj:
    """List refunds by charge, payment intent and creation."""
    query = Query("refund")
    for name in ("charge", "payment_intent"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)


@task("refund.complete", "refund")
def complete(unit: Unit, refund: Obj) -> None:
    """End the wait of a pending refund."""
    refunds.complete(unit, refund)


def _charge(unit: Unit, params: Obj) -> Obj:
    if params.get("charge"):
        return unit.get("charge", params["charge"], "charge")
    intent = unit.get("payment_intent", params["payment_intent"], "payment_intent")
    if intent["latest_charge"] is None:
        raise invalid("This payment intent has no successful charge to refund.", param="payment_intent")
    return unit.get("charge", intent["latest_charge"])

"""Invoice payments: retrieve and list."""

from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj


@operation("invoice_payment.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return an invoice payment."""
    return unit.get("invoice_payment", args.id)


@operation("invoice_payment.list")
def list_payments(unit: Unit, args: Args) -> Obj:
    """List payments by invoice, payment intent, status and creation."""
    query = Query("invoice_payment")
    for name in ("invoice", "status"):
        if args.params.get(name):
            query.where(name, args.params[name])
    payment = args.params.get("payment") or {}
    if payment.get("type"):
        query.where("payment.type", payment["type"])
    if payment.get("payment_intent"):
        query.where("payment_intent", payment["payment_intent"])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)

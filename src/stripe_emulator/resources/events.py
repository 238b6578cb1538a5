"""Events: retrieve and list."""

from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import renders
from stripe_emulator.engine.services import DAY
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid, missing_resource
from stripe_emulator.storage import outbox
from stripe_emulator.storage.query import Query
from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj

MAX_TYPES = 20
KEPT = 30 * DAY
UNDELIVERED = "EXISTS (SELECT 1 FROM deliveries WHERE event = objects.id AND state != 'delivered')"


def check(params: Obj) -> None:
    """Raise StripeError when types are given in two ways or too many."""
    if params.get("type") and params.get("types"):
        raise invalid("Give either type or types.", code="parameters_exclusive", param="types")
    if len(params.get("types") or []) > MAX_TYPES:
        raise invalid(f"You can list at most {MAX_TYPES} types.", param="types")


@operation("event.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return an event, for thirty days."""
    event = unit.get("event", args.id)
    if event["created"] <= unit.now() - KEPT:
        raise missing_resource("Event", args.id)
    return event


@operation("event.list", check)
def list_events(unit: Unit, args: Args) -> Obj:
    """List the events of thirty days by type, creation and whether all endpoints took them.

    `invoice.*` names a group of types.
    """
    params = args.params
    query = Query("event").matching("created > ?", unit.now() - KEPT)
    types = params.get("types") or ([params["type"]] if params.get("type") else [])
    if any(name.endswith("*") for name in types):
        either = " OR ".join(["status GLOB ?"] * len(types))
        query.matching(f"({either})", *types)
    elif types:
        query.among("status", types)
    if params.get("created") is not None:
        query.between("created", params["created"])
    if params.get("delivery_success") is not None:
        query.matching(f"NOT {UNDELIVERED}" if params["delivery_success"] else UNDELIVERED)
    return page(unit, args, query)


@renders("event")
def with_pending(records: Records, event: Obj) -> None:
    """Count the endpoints that have not taken the event yet."""
    event["pending_webhooks"] = outbox.pending(records.db, event["id"])

"""Answer list operations: newest first, with cursors, from one query."""

from stripe_emulator.engine.operations import Args
from stripe_emulator.engine.render import list_object, render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
CURSOR = "(created, seq) {} (SELECT created, seq FROM objects WHERE id = ?)"


def page_size(params: Obj) -> int:
    """Return the limit of a page; raises StripeError outside 1 to 100."""
    limit = int(params.get("limit") or DEFAULT_LIMIT) if params.get("limit") != 0 else 0
    if not 1 <= limit <= MAX_LIMIT:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {MAX_LIMIT}"
        raise invalid(f"Invalid integer: {limit} must be {bound}", code="parameter_invalid_integer", param="limit")
    return limit


def page(unit: Unit, args: Args, query: Query) -> Obj:
    """Return one page of the query, in the order Stripe lists: newest first, however the cursor points."""
    params = args.params
    size = page_size(params)
    if params.get("starting_after") and params.get("ending_before"):
        raise invalid("You can only pass one of these parameters: starting_after, ending_before.")
    backwards = bool(params.get("ending_before"))
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if params.get(name):
            unit.get(query.kind, params[name], name)
            query.matching(CURSOR.format(sign), params[name])
    query.limit = size + 1
    query.closest_first = backwards
    found = unit.select(query)
    has_more = len(found) > size
    shown = found[:size][::-1] if backwards else found[:size]
    return list_object([render(unit, obj) for obj in shown], args.path, has_more=has_more)


def oldest_first(unit: Unit, args: Args, query: Query) -> Obj:
    """Return one page of the parts of an object, in the order they were made."""
    parts = unit.select(query)
    size = page_size(args.params)
    ids = [part["id"] for part in parts]
    after, before = args.params.get("starting_after"), args.params.get("ending_before")
    if after in ids:
        parts = parts[ids.index(after) + 1 :]
    elif before in ids:
        parts = parts[: ids.index(before)][-size - 1 :]
    has_more = len(parts) > size
    shown = parts[-size:] if before else parts[:size]
    return list_object([render(unit, part) for part in shown], args.path, has_more=has_more)

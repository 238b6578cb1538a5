"""Ids that the caller may choose: of products and coupons."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj


def with_chosen_id(unit: Unit, obj: Obj, chosen: str | None) -> Obj:
    """Give a new object the id that was asked for; raises StripeError `resource_already_exists` where it is taken."""
    if chosen:
        kind = obj["object"]
        if unit.find(chosen, kind) or unit.find_deleted(chosen, kind):
            raise invalid(f"{kind.title()} already exists.", code="resource_already_exists")
        obj["id"] = chosen
    return obj

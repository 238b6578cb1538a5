"""The items of a subscription: what is bought, how many, and from when until when it is paid."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.render import list_object, render, renders
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.storage.query import Query
from stripe_emulator.storage.records import Records
from stripe_emulator.subscriptions.periods import same_interval
from stripe_emulator.subscriptions.prices import legacy_plan, recurring_price
from stripe_emulator.types import Obj

KIND = "subscription_item"
MAX_ITEMS = 20
UNSIMULATED = ("billing_thresholds", "current_trial", "discounts", "tax_rates")


def items_of(records: Records, subscription_id: str) -> list[Obj]:
    """Return a subscription's items in the order they were added."""
    return records.select(Query(KIND, ascending=True).where("subscription", subscription_id))


def checked(unit: Unit, given: list[Obj], currency: str | None = None) -> list[tuple[Obj, Obj]]:
    """Return each wanted item with its price; raises StripeError unless all recur alike, in one currency."""
    if not 1 <= len(given) <= MAX_ITEMS:
        raise invalid(f"A subscription has 1 to {MAX_ITEMS} items.", code="parameter_missing", param="items")
    found = [(item, _price_of(unit, item, f"items[{n}]")) for n, item in enumerate(given)]
    first = found[0][1]
    for _, price in found:
        if not same_interval(price["recurring"], first["recurring"]):
            raise invalid("The items of a subscription must have the same interval.", param="items")
        if price["currency"] != (currency or first["currency"]):
            raise invalid("The items of a subscription must have the same currency.", param="items")
    if len({price["id"] for _, price in found}) < len(found):
        raise invalid("Cannot add multiple subscription items with the same price.", param="items")
    return found


def _price_of(unit: Unit, item: Obj, param: str) -> Obj:
    for name in UNSIMULATED:
        if item.get(name):
            raise invalid(f"{name} of an item is not simulated by the emulator.", param=f"{param}[{name}]")
    return recurring_price(unit, item, param)


def add_item(unit: Unit, subscription: Obj, given: Obj, price: Obj, period: tuple[int, int]) -> Obj:
    """Store an item of a subscription for a period."""
    item = unit.blank(KIND, subscription["test_clock"])
    item.update(subscription=subscription["id"], metadata={}, tax_rates=[])
    fields.merge_metadata(item, given)
    set_price(item, price, given.get("quantity", 1))
    set_period(item, period)
    return unit.add(item)


def set_price(item: Obj, price: Obj, quantity: int | None) -> None:
    """Put a price and a quantity on an item; what is metered has no quantity."""
    metered = price["recurring"]["usage_type"] == "metered"
    item.update(price=price, plan=legacy_plan(price), quantity=None if metered else quantity)


def set_period(item: Obj, period: tuple[int, int]) -> None:
    """Say which period the item is paid for."""
    item["current_period_start"], item["current_period_end"] = period


@renders("subscription")
def with_items(records: Records, subscription: Obj) -> None:
    """Embed the items."""
    data = [render(records, item) for item in items_of(records, subscription["id"])]
    listed = list_object(data, f"/v1/subscription_items?subscription={subscription['id']}")
    subscription["items"] = {**listed, "total_count": len(data)}

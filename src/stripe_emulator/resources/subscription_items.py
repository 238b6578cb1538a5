"""The items of subscriptions by themselves, a subscription's discount, and the subscriptions of a customer."""

from stripe_emulator.engine.expand import deleted, includes
from stripe_emulator.engine.lists import oldest_first
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import list_object, render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.resources.subscriptions import change_item, live
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions import discounts, items, prorations
from stripe_emulator.subscriptions.periods import same_interval
from stripe_emulator.types import Obj

EMBEDDED = 10


@operation("subscription_item.list")
def list_items(unit: Unit, args: Args) -> Obj:
    """List the items of a subscription in the order they were added."""
    subscription = unit.get("subscription", args.params["subscription"], "subscription")
    return oldest_first(unit, args, Query(items.KIND, ascending=True).where("subscription", subscription["id"]))


@operation("subscription_item.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return an item."""
    return unit.get(items.KIND, args.id)


@operation("subscription_item.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change an item; what its period costs more or less comes with the next invoice."""
    item = unit.get(items.KIND, args.id)
    subscription = live(unit, item["subscription"])
    prorated, before = prorations.are_wanted(subscription, args.params), dict(item)
    change_item(unit, item, args.params)
    if not same_interval(before["price"]["recurring"], item["price"]["recurring"]):
        raise invalid("Another interval within a period is not simulated: use a schedule.", param="price")
    if prorated:
        prorations.prorate(unit, subscription, before, item)
    unit.flush()
    unit.emit("customer.subscription.updated", subscription)
    return item


@operation("subscription.delete_discount")
def delete_discount(unit: Unit, args: Args) -> Obj:
    """Take the newest discount off a subscription."""
    subscription = live(unit, args.id)
    if not subscription["discounts"]:
        raise invalid("No active discount for subscription.", code="resource_missing")
    gone = unit.get("discount", subscription["discounts"][-1])
    discounts.remove(unit, subscription, gone["id"])
    unit.changed("customer.subscription.updated", subscription)
    return deleted(gone)


@includes("customer", "subscriptions")
def of_customer(unit: Unit, customer: Obj) -> Obj:
    """Return the newest of a customer's subscriptions that have not ended."""
    query = Query("subscription").where("customer", customer["id"]).matching("status <> 'canceled'")
    found = unit.select(query)
    data = [render(unit, one) for one in found[:EMBEDDED]]
    return list_object(data, f"/v1/customers/{customer['id']}/subscriptions", has_more=len(found) > EMBEDDED)

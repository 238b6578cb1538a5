"""Test clocks: create, retrieve, list, advance, delete."""

from stripe_emulator.engine import clock_advance
from stripe_emulator.engine.due import task
from stripe_emulator.engine.expand import deleted
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import TOO_MANY_REQUESTS, StripeError, invalid
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions.items import items_of
from stripe_emulator.subscriptions.periods import step
from stripe_emulator.types import Obj

DAY = 86_400
LIFETIME = 7 * DAY
FURTHEST = 2 * 366 * DAY
OWNED = ("invoice", "invoiceitem", "payment_intent", "charge", "payment_method", "credit_note", "refund")
SUBSCRIBED = ("subscription", "subscription_schedule", "discount")


@operation("test_helpers.test_clock.create")
def create(unit: Unit, args: Args) -> Obj:
    """Create a clock that stands still at the given time."""
    clock = unit.blank(clock_advance.KIND)
    clock.update(frozen_time=args.params["frozen_time"], name=args.params.get("name"), status="ready")
    clock["deletes_after"] = clock["created"] + LIFETIME
    unit.add(clock)
    unit.emit("test_helpers.test_clock.created", clock)
    unit.later("test_clock.expire", clock, clock["deletes_after"])
    return clock


@operation("test_helpers.test_clock.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a clock."""
    return unit.get(clock_advance.KIND, args.id)


@operation("test_helpers.test_clock.list")
def list_clocks(unit: Unit, args: Args) -> Obj:
    """List clocks."""
    return page(unit, args, Query(clock_advance.KIND))


@operation("test_helpers.test_clock.advance")
def advance(unit: Unit, args: Args) -> Obj:
    """Move a clock forward; it is advancing until everything due on the way is done."""
    clock = unit.get(clock_advance.KIND, args.id)
    target = args.params["frozen_time"]
    if clock["status"] == "advancing":
        # [assume] how Stripe refuses a second advance.
        raise StripeError("The test clock is advancing; wait until it is ready.", status=TOO_MANY_REQUESTS)
    if target <= clock["frozen_time"]:
        raise invalid("A test clock can only be advanced to a later time.", param="frozen_time")
    if target - clock["frozen_time"] > FURTHEST:
        raise invalid("A test clock can be advanced by at most two years.", param="frozen_time")
    _check_intervals(unit, clock, target)
    clock_advance.start(unit, clock, target)
    return clock


def _check_intervals(unit: Unit, clock: Obj, target: int) -> None:
    """Raise StripeError for a move by more than two intervals of the shortest subscription."""
    live = unit.select(Query("subscription").where("test_clock", clock["id"]).matching("status <> 'canceled'"))
    prices = [item["price"] for one in live for item in items_of(unit, one["id"])]
    furthest = min((step(clock["frozen_time"], price["recurring"], 2) for price in prices), default=target)
    if target > furthest:
        raise invalid(
            "A test clock can be advanced by at most two intervals of the shortest subscription on it.",
            param="frozen_time",
        )


@operation("test_helpers.test_clock.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Delete a clock with its customers and their objects."""
    clock = unit.get(clock_advance.KIND, args.id)
    expire(unit, clock)
    return deleted(clock)


@task("test_clock.expire", clock_advance.KIND)
def expire(unit: Unit, clock: Obj) -> None:
    """Delete a clock seven days after its creation."""
    for customer in unit.select(Query("customer").where("test_clock", clock["id"])):
        for kind in (*OWNED, *SUBSCRIBED):
            for obj in unit.select(Query(kind).where("customer", customer["id"])):
                unit.remove(obj)
        unit.remove(customer)
    unit.remove(clock)
    unit.emit("test_helpers.test_clock.deleted", clock)

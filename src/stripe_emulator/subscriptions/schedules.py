"""Subscription schedules: phases of items one after the other, and what comes after the last."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.subscriptions import discounts, items
from stripe_emulator.subscriptions.periods import same_interval
from stripe_emulator.types import Obj

KIND = "subscription_schedule"
LIVE = ("not_started", "active")


def phase_at(schedule: Obj, moment: int) -> Obj | None:
    """Return the phase that a moment lies in."""
    return next((one for one in schedule["phases"] if one["start_date"] <= moment < one["end_date"]), None)


def enter_phase(unit: Unit, subscription: Obj, now: int) -> bool:
    """Let the subscription follow its schedule at the end of a period; False where it is to end.

    Phases change at the end of a period only: the emulator prorates nothing.
    """
    schedule = unit.find(subscription["schedule"], KIND)
    if schedule is None or schedule["status"] != "active":
        return True
    phase = phase_at(schedule, now)
    if phase is None:
        return _after_the_last(unit, schedule, subscription, now)
    begun = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    if schedule["current_phase"] != begun:
        schedule["current_phase"] = begun
        unit.changed("subscription_schedule.updated", schedule)
        follow(unit, subscription, phase, now)
    return True


def follow(unit: Unit, subscription: Obj, phase: Obj, now: int) -> None:
    """Give the subscription the items, discounts and terms of a phase, counted from now where they recur otherwise."""
    held = items.items_of(unit, subscription["id"])
    before = held[0]["price"]["recurring"]
    for item in held:
        unit.remove(item)
    for given in phase["items"]:
        price = unit.get("price", given["price"])
        if not same_interval(price["recurring"], before):
            subscription["billing_cycle_anchor"] = now
        items.add_item(unit, subscription, given, price, (now, now + 1))
    if phase["discounts"]:
        discounts.attach(unit, subscription, [{"coupon": one["coupon"]} for one in phase["discounts"]], now)
    if phase["collection_method"]:
        subscription["collection_method"] = phase["collection_method"]
    subscription["metadata"] = {**subscription["metadata"], **(phase["metadata"] or {})}


def _after_the_last(unit: Unit, schedule: Obj, subscription: Obj, now: int) -> bool:
    if schedule["end_behavior"] == "cancel":
        schedule.update(status="completed", completed_at=now, current_phase=None)
        unit.changed("subscription_schedule.completed", schedule)
        return False
    release(unit, schedule, now)
    subscription["schedule"] = None
    return True


def release(unit: Unit, schedule: Obj, at: int) -> None:
    """Let the subscription go on without its schedule."""
    schedule.update(status="released", released_at=at, current_phase=None)
    schedule.update(released_subscription=schedule["subscription"], subscription=None)
    unit.save(schedule)
    unit.flush()
    unit.emit("subscription_schedule.released", schedule)
    unit.complete(schedule)


def follow_end(unit: Unit, subscription: Obj, at: int) -> None:
    """Cancel the schedule of a subscription that was ended otherwise."""
    schedule = unit.find(subscription["schedule"], KIND)
    if schedule is not None and schedule["status"] in LIVE:
        schedule.update(status="canceled", canceled_at=at, current_phase=None)
        unit.changed("subscription_schedule.canceled", schedule)

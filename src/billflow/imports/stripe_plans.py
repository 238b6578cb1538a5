"""Stripe's subscriptions in the neutral format, and why one has no counterpart here."""

from typing import Any

from billflow.domain.errors import Refused
from billflow.imports.price_map import PriceMap, PriceMapping
from billflow.imports.stripe_customers import moment, without_nothing
from billflow.imports.stripe_objects import AccountObjects, Obj

LIVE = ("active", "trialing", "past_due")
OVER = ("canceled", "incomplete_expired")
SCHEDULES = {("month", 1): "monthly", ("month", 3): "quarterly", ("month", 6): "half_yearly"}
SCHEDULES |= {("year", 1): "annual", ("month", 12): "annual"}
AGREED = {"monthly": "monthly_discounted_price", "annual": "annual_discounted_price"}
"""Where a customer's agreed price for a schedule is."""


def plan_row(objects: AccountObjects, subscription: Obj, prices: PriceMap) -> dict[str, Any]:
    """Return a live subscription's row; raises `Refused` for one that has no counterpart."""
    _check_standing(subscription)
    item = _only_item(subscription)
    price, mapping = item["price"], mapped(item["price"], prices)
    trial = subscription["status"] == "trialing"
    row = {
        "external_id": subscription["id"],
        "customer": subscription["customer"],
        "tier": mapping.tier,
        "schedule": schedule_of(price),
        "period_start": moment(item["current_period_start"]),
        "period_end": moment(item["current_period_end"]),
        "anchor": None if trial else moment(subscription["billing_cycle_anchor"]),
        "licenses": item["quantity"],
        "license_management": mapping.license_management or prices.license_management,
        "collection_method": subscription["collection_method"],
        "in_trial": trial or None,
        "ends_with_period": subscription["cancel_at_period_end"] or None,
        "end_date": None if subscription["cancel_at_period_end"] else moment(subscription["cancel_at"]),
    }
    changes = _scheduled(objects, subscription, item, prices)
    return without_nothing(row | changes) | {"price_per_license": price["unit_amount"]}


def mapped(price: Obj, prices: PriceMap) -> PriceMapping:
    """Return the tier that a price is; raises `Refused` where nobody said so."""
    mapping = prices.of(price)
    if mapping is None:
        raise Refused(
            f"The price {price['id']} is no tier yet; map it in the file of --map.",
            code="price_not_mapped",
            field="tier",
        )
    return mapping


def schedule_of(price: Obj) -> str:
    """Return how often a price is paid; raises `Refused` for what plans here can't be."""
    recurring = price["recurring"]
    if recurring["usage_type"] == "metered":
        raise Refused("The price is metered; plans here are billed by seats.", code="metered_price", field="price")
    if price["billing_scheme"] == "tiered" or price.get("transform_quantity"):
        raise Refused("The price is tiered; a license has one price here.", code="tiered_price", field="price")
    if price["unit_amount"] is None:
        raise Refused(
            "The price has fractions of a cent; it can't have any here.", code="fractional_price", field="price"
        )
    schedule = SCHEDULES.get((recurring["interval"], recurring["interval_count"]))
    if schedule is None:
        every = f"{recurring['interval_count']} {recurring['interval']}s"
        raise Refused(f"No plan is paid every {every} here.", code="unsupported_interval", field="schedule")
    return schedule


def _check_standing(subscription: Obj) -> None:
    if subscription["status"] not in LIVE:
        raise Refused(
            f"The subscription is {subscription['status']}; only ones that run can go on here.",
            code="subscription_not_live",
            field="status",
        )
    if subscription.get("pause_collection"):
        raise Refused("The subscription is paused; resume it first.", code="collection_paused", field="status")


def _only_item(subscription: Obj) -> Obj:
    held: list[Obj] = subscription["items"]["data"]
    if len(held) != 1:
        raise Refused(
            f"The subscription has {len(held)} items; a plan has one tier here.", code="several_items", field="items"
        )
    return held[0]


def _scheduled(objects: AccountObjects, subscription: Obj, item: Obj, prices: PriceMap) -> dict[str, Any]:
    """Return what the subscription's schedule changes at the end of the running period."""
    schedule = objects.get("subscription_schedules", _id_of(subscription.get("schedule")))
    if schedule is None or schedule["status"] != "active":
        return {}
    end = item["current_period_end"]
    later = [phase for phase in schedule["phases"] if phase["end_date"] > end]
    if not later:
        last = schedule["phases"][-1]["end_date"]
        return {"end_date": moment(last)} if schedule["end_behavior"] == "cancel" else {}
    phase = later[0]
    if len(later) > 1 or phase["start_date"] > end or schedule["end_behavior"] == "cancel" or len(phase["items"]) != 1:
        raise Refused(
            "The schedule has more phases than the next period; import the plan when one is left.",
            code="schedule_too_long",
            field="schedule",
        )
    return _next_phase(objects, item, phase["items"][0], prices)


def pricing_of(objects: AccountObjects, subscription: Obj, plan: dict[str, Any]) -> dict[str, Any]:
    """Return what is agreed with the customer of a plan that switches its schedule: the price of the next phase."""
    schedule = plan.get("next_schedule")
    held = objects.get("subscription_schedules", _id_of(subscription.get("schedule")))
    if schedule not in AGREED or held is None:
        return {}
    end = _only_item(subscription)["current_period_end"]
    phase = next(one for one in held["phases"] if one["end_date"] > end)
    price = objects.get("prices", _id_of(phase["items"][0]["price"])) or {}
    return {"pricing": {"required_plan_tier": plan["tier"], AGREED[schedule]: price["unit_amount"]}}


def _next_phase(objects: AccountObjects, item: Obj, following: Obj, prices: PriceMap) -> dict[str, Any]:
    price = objects.get("prices", _id_of(following["price"]))
    if price is None:
        raise Refused("The schedule's next price was not read; read the account again.", code="price_not_read")
    if mapped(price, prices).tier != mapped(item["price"], prices).tier:
        raise Refused(
            "The schedule changes to another tier; import the plan, then schedule the tier here.",
            code="scheduled_tier",
            field="tier",
        )
    schedule, now = schedule_of(price), schedule_of(item["price"])
    if schedule == now and price["unit_amount"] != item["price"]["unit_amount"]:
        raise Refused(
            "The schedule changes the price; import the plan, then announce the price here.",
            code="scheduled_price",
            field="price",
        )
    changes = {} if schedule == now else {"next_schedule": schedule}
    quantity = following.get("quantity")
    return changes | ({} if quantity in (None, item["quantity"]) else {"licenses_at_next_renewal": quantity})


def _id_of(linked: Any) -> str | None:
    identifier: str | None = linked["id"] if isinstance(linked, dict) else linked
    return identifier

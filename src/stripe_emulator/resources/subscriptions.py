"""Subscriptions: create, retrieve, update, cancel, list."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.resources.subscription_rules import (
    check_create,
    check_end_is_its_own,
    check_method,
    check_terms,
)
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions import discounts, items, life, prorations
from stripe_emulator.subscriptions.periods import end_after, same_interval
from stripe_emulator.types import Obj

DAY = 86_400
KIND = "subscription"
OF_PRICE = """id IN (SELECT json_extract(body, '$.subscription') FROM objects
    WHERE kind = 'subscription_item' AND deleted = 0 AND json_extract(body, '$.price.id') = ?)"""
DETAILS = ("comment", "feedback", "feedback_option", "reason")
PLAIN = ("description", "default_payment_method", "payment_settings", "trial_settings")


@operation("subscription.create", check_create)
def create(unit: Unit, args: Args) -> Obj:
    """Create a subscription and bill its first period, or begin its trial."""
    params = args.params
    customer = unit.get("customer", params["customer"], "customer")
    wanted = items.checked(unit, params["items"], params.get("currency"))
    now = unit.now(customer.get("test_clock"))
    subscription = new_subscription(unit, customer, wanted[0][1]["currency"], params)
    trial_end = _trial_end(params, now)
    if trial_end:
        subscription.update(status="trialing", trial_start=now, trial_end=trial_end)
    anchor = trial_end or _anchor(params, now)
    subscription["billing_cycle_anchor"] = anchor
    unit.add(subscription)
    until = trial_end or end_after(anchor, wanted[0][1]["recurring"], now)
    for given, price in wanted:
        items.add_item(unit, subscription, given, price, (now, until))
    discounts.attach(unit, subscription, params.get("discounts") or [], now)
    _set_end(subscription, params, until, now)
    life.begin(unit, subscription, params.get("payment_behavior") or "allow_incomplete")
    unit.flush()
    unit.complete(subscription)
    unit.emit("customer.subscription.created", subscription)
    return subscription


def new_subscription(unit: Unit, customer: Obj, currency: str, terms: Obj) -> Obj:
    """Return a subscription that is active, without items, not yet stored."""
    subscription = unit.blank(KIND, customer.get("test_clock"))
    subscription.update(customer=customer["id"], currency=currency, status="active", _sim={})
    subscription.update(start_date=subscription["created"], test_clock=customer.get("test_clock"))
    subscription.update(collection_method=terms.get("collection_method") or "charge_automatically")
    subscription.update(days_until_due=terms.get("days_until_due"), default_tax_rates=[])
    subscription["billing_mode"] = {"type": "flexible"}
    subscription["cancellation_details"] = dict.fromkeys(DETAILS)
    subscription["invoice_settings"]["issuer"] = {"type": "self", "account": None}
    subscription["automatic_tax"]["enabled"] = bool((terms.get("automatic_tax") or {}).get("enabled"))
    fields.copy(subscription, terms, PLAIN)
    fields.merge_metadata(subscription, terms)
    return subscription


def _anchor(params: Obj, now: int) -> int:
    anchor: int = params.get("billing_cycle_anchor") or now
    if anchor > now:
        raise invalid("A first period that is shorter is not simulated by the emulator.", param="billing_cycle_anchor")
    return anchor


def _trial_end(params: Obj, now: int) -> int | None:
    if params.get("trial_period_days"):
        return now + int(params["trial_period_days"]) * DAY
    ends = params.get("trial_end")
    return None if ends in (None, "now") else int(ends)


def _set_end(subscription: Obj, params: Obj, period_end: int, now: int) -> None:
    if "cancel_at_period_end" in params:
        at_end = bool(params["cancel_at_period_end"])
        subscription.update(cancel_at_period_end=at_end, cancel_at=period_end if at_end else None)
    elif "cancel_at" in params:
        if params["cancel_at"] is not None and params["cancel_at"] <= now:
            raise invalid("cancel_at must be in the future.", param="cancel_at")
        subscription.update(cancel_at=params["cancel_at"], cancel_at_period_end=False)
    else:
        return
    subscription["canceled_at"] = now if subscription["cancel_at"] is not None else None


@operation("subscription.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a subscription, ended or not."""
    return unit.get(KIND, args.id)


@operation("subscription.update", check_terms)
def update(unit: Unit, args: Args) -> Obj:
    """Change a subscription: its items, how it is paid, its discounts, when it ends."""
    params, subscription = args.params, live(unit, args.id)
    now = unit.now(subscription["test_clock"])
    check_end_is_its_own(unit, subscription, params)
    if params.get("collection_method"):
        subscription["collection_method"] = params["collection_method"]
        subscription["days_until_due"] = params.get("days_until_due")
        check_method(subscription["collection_method"], subscription["days_until_due"])
    elif params.get("days_until_due") is not None:
        subscription["days_until_due"] = params["days_until_due"]
    if params.get("items"):
        _change_items(unit, subscription, params)
    if "discounts" in params:
        discounts.attach(unit, subscription, params["discounts"] or [], now)
    fields.copy(subscription, params, PLAIN)
    fields.merge_metadata(subscription, params)
    _set_end(subscription, params, items.items_of(unit, args.id)[0]["current_period_end"], now)
    unit.changed("customer.subscription.updated", subscription)
    life.schedule_renewal(unit, subscription)
    return subscription


def live(unit: Unit, identifier: str) -> Obj:
    """Return a subscription that has not ended; raises StripeError for another."""
    subscription = unit.get(KIND, identifier)
    if subscription["status"] in life.ENDED:
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata.", code="resource_missing"
        )
    return subscription


def _change_items(unit: Unit, subscription: Obj, params: Obj) -> None:
    prorated = prorations.are_wanted(subscription, params)
    held = {item["id"]: item for item in items.items_of(unit, subscription["id"])}
    first = next(iter(held.values()))
    for n, change in enumerate(params["items"]):
        item = held.get(change.get("id", ""))
        if change.get("id") and item is None:
            raise invalid(f"No such subscription item: '{change['id']}'", code="resource_missing", param=f"items[{n}]")
        before = dict(item) if item else None
        after = _changed(unit, subscription, item, change, first)
        if prorated:
            prorations.prorate(unit, subscription, before, after)
    left = items.items_of(unit, subscription["id"])
    items.checked(unit, [{"price": one["price"]["id"]} for one in left], subscription["currency"])
    if not same_interval(left[0]["price"]["recurring"], first["price"]["recurring"]):
        raise invalid("Another interval within a period is not simulated: use a schedule.", param="items")


def _changed(unit: Unit, subscription: Obj, item: Obj | None, change: Obj, first: Obj) -> Obj | None:
    """Change an item, remove it, or add one for the period of the first; return it as it is then."""
    if item is None:
        period = first["current_period_start"], first["current_period_end"]
        return items.add_item(unit, subscription, change, items.checked(unit, [change])[0][1], period)
    if change.get("deleted"):
        unit.remove(item)
        return None
    change_item(unit, item, change)
    return item


def change_item(unit: Unit, item: Obj, change: Obj) -> None:
    """Give an item another price, quantity or metadata."""
    named = any(change.get(name) for name in ("price", "price_data", "plan"))
    price = items.checked(unit, [change])[0][1] if named else item["price"]
    items.set_price(item, price, change.get("quantity", item["quantity"]))
    fields.merge_metadata(item, change)
    unit.save(item)


@operation("subscription.cancel")
def cancel(unit: Unit, args: Args) -> Obj:
    """End a subscription at once, without refund or a last invoice."""
    subscription = live(unit, args.id)
    for name in ("invoice_now", "prorate"):
        if args.params.get(name):
            raise invalid(f"{name} is not simulated by the emulator.", param=name)
    life.end(unit, subscription, unit.now(subscription["test_clock"]))
    return subscription


@operation("subscription.list")
def list_subscriptions(unit: Unit, args: Args) -> Obj:
    """List subscriptions by customer, status, price and creation; canceled ones only where they are asked for.

    Those on test clocks are listed by their clock or their customer alone.
    """
    params, query = args.params, Query(KIND)
    for name in ("customer", "collection_method", "test_clock"):
        if params.get(name):
            query.where(name, params[name])
    if not params.get("customer") and not params.get("test_clock"):
        query.where("test_clock", None)
    if params.get("price"):
        query.matching(OF_PRICE, params["price"])
    if params.get("created") is not None:
        query.between("created", params["created"])
    _of_status(query, params.get("status"))
    return page(unit, args, query)


def _of_status(query: Query, status: str | None) -> None:
    if status == "ended":
        query.among("status", list(life.ENDED))
    elif status is None:
        query.matching("status <> 'canceled'")
    elif status != "all":
        query.where("status", status)

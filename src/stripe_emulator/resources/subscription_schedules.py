"""Subscription schedules: create, retrieve, update, cancel, release, list."""

from typing import Any

from stripe_emulator.engine import fields
from stripe_emulator.engine.due import task
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.resources.subscriptions import new_subscription
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions import items, life
from stripe_emulator.subscriptions.phases import phase_of, phases_of, running_phase
from stripe_emulator.subscriptions.schedules import KIND, LIVE, enter_phase, release
from stripe_emulator.types import Obj

ENDS = ("cancel", "release")


def check(params: Obj) -> None:
    """Raise StripeError for ends that the emulator doesn't know, and for prorations."""
    if params.get("end_behavior") not in (None, *ENDS):
        raise invalid("end_behavior is cancel or release in the emulator.", param="end_behavior")
    if params.get("pause_schedules"):
        raise invalid("pause_schedules is not simulated by the emulator.", param="pause_schedules")


def check_create(params: Obj) -> None:
    """Raise StripeError unless a schedule is made of a subscription, or of a customer and phases."""
    check(params)
    if params.get("from_subscription"):
        return
    for name in ("customer", "phases"):
        if not params.get(name):
            raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)


@operation("subscription_schedule.create", check_create)
def create(unit: Unit, args: Args) -> Obj:
    """Create a schedule: of a subscription as it is, or one that starts a subscription on its day."""
    params = args.params
    if params.get("from_subscription"):
        return _of_subscription(unit, params["from_subscription"])
    customer = unit.get("customer", params["customer"], "customer")
    now = unit.now(customer.get("test_clock"))
    begins = now if params.get("start_date") in (None, "now") else int(params["start_date"])
    schedule = _new(unit, customer, params)
    schedule["phases"] = phases_of(unit, params["phases"], begins)
    unit.add(schedule)
    unit.emit("subscription_schedule.created", schedule)
    if begins <= now:
        start(unit, schedule)
    else:
        unit.later("subscription_schedule.start", schedule, begins)
    return schedule


def _new(unit: Unit, customer: Obj, params: Obj) -> Obj:
    schedule = unit.blank(KIND, customer.get("test_clock"))
    schedule.update(customer=customer["id"], test_clock=customer.get("test_clock"), status="not_started", metadata={})
    schedule.update(end_behavior=params.get("end_behavior") or "release", billing_mode={"type": "flexible"})
    schedule["default_settings"].update(billing_cycle_anchor="automatic", collection_method="charge_automatically")
    schedule["default_settings"]["invoice_settings"]["issuer"] = {"type": "self", "account": None}
    fields.merge_metadata(schedule, params)
    return schedule


def _of_subscription(unit: Unit, subscription_id: str) -> Obj:
    subscription = unit.get("subscription", subscription_id, "from_subscription")
    if subscription["schedule"]:
        raise invalid("The subscription is managed by a schedule already.", param="from_subscription")
    schedule = _new(unit, unit.get("customer", subscription["customer"]), {})
    phase = running_phase(unit, subscription)
    schedule.update(subscription=subscription["id"], status="active", phases=[phase])
    schedule["current_phase"] = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    subscription["schedule"] = schedule["id"]
    unit.add(schedule)
    unit.emit("subscription_schedule.created", schedule)
    unit.changed("customer.subscription.updated", subscription)
    return schedule


@task("subscription_schedule.start", KIND)
def start(unit: Unit, schedule: Obj) -> None:
    """Start the subscription of a schedule's first phase."""
    if schedule["status"] != "not_started":
        return
    phase = schedule["phases"][0]
    wanted = [(item, unit.get("price", item["price"])) for item in phase["items"]]
    customer, terms = unit.get("customer", schedule["customer"]), {"metadata": phase["metadata"] or {}}
    subscription = new_subscription(unit, customer, wanted[0][1]["currency"], terms)
    now = subscription["created"]
    subscription.update(billing_cycle_anchor=now, schedule=schedule["id"])
    unit.add(subscription)
    for given, price in wanted:
        items.add_item(unit, subscription, given, price, (now, now + 1))
    life.begin_period(unit, subscription, now)
    schedule.update(status="active", subscription=subscription["id"])
    enter_phase(unit, subscription, now)
    life.begin_period(unit, subscription, now)
    life.begin(unit, subscription, "allow_incomplete")
    unit.flush()
    unit.complete(subscription)
    unit.emit("customer.subscription.created", subscription)


@operation("subscription_schedule.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a schedule."""
    return unit.get(KIND, args.id)


@operation("subscription_schedule.update", check)
def update(unit: Unit, args: Args) -> Obj:
    """Change what a schedule does next: all its phases are given, those that run as they are."""
    schedule = _live(unit, args.id)
    fields.copy(schedule, args.params, ("end_behavior",))
    fields.merge_metadata(schedule, args.params)
    if args.params.get("phases"):
        first = schedule["phases"][0]
        schedule["phases"] = phases_of(unit, args.params["phases"], first["start_date"])
        current = phase_of(schedule, first["start_date"])
        schedule["current_phase"] = current if schedule["status"] == "active" else None
    unit.changed("subscription_schedule.updated", schedule)
    return schedule


def _live(unit: Unit, identifier: str) -> Obj:
    schedule = unit.get(KIND, identifier)
    if schedule["status"] not in LIVE:
        raise invalid(f"You cannot change a subscription schedule that is {schedule['status']}.")
    return schedule


@operation("subscription_schedule.cancel")
def cancel(unit: Unit, args: Args) -> Obj:
    """Cancel a schedule with its subscription."""
    schedule = _live(unit, args.id)
    now = unit.now(schedule["test_clock"])
    subscription = unit.find(schedule["subscription"], "subscription")
    if subscription is not None:
        life.end(unit, subscription, now)
    else:
        schedule.update(status="canceled", canceled_at=now)
        unit.changed("subscription_schedule.canceled", schedule)
    return schedule


@operation("subscription_schedule.release")
def release_schedule(unit: Unit, args: Args) -> Obj:
    """Let the subscription go on without its schedule."""
    schedule = _live(unit, args.id)
    subscription = unit.find(schedule["subscription"], "subscription")
    release(unit, schedule, unit.now(schedule["test_clock"]))
    if subscription is not None:
        subscription["schedule"] = None
        unit.changed("customer.subscription.updated", subscription)
    return schedule


@operation("subscription_schedule.list")
def list_schedules(unit: Unit, args: Args) -> Obj:
    """List schedules by customer, and by when they were made, canceled, completed or released."""
    params: dict[str, Any] = args.params
    query = Query(KIND)
    if params.get("customer"):
        query.where("customer", params["customer"])
    for name in ("created", "canceled_at", "completed_at", "released_at"):
        if params.get(name) is not None:
            query.between(name, params[name])
    if params.get("scheduled"):
        query.where("status", "not_started")
    return page(unit, args, query)

"""What becomes of a subscription: it starts, renews at the end of each period, is paid or not, and ends."""

from stripe_emulator.engine.due import task
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError
from stripe_emulator.invoicing.advance import after_finalization
from stripe_emulator.invoicing.finalize import finalize
from stripe_emulator.invoicing.pay import collect, default_method
from stripe_emulator.subscriptions import schedules
from stripe_emulator.subscriptions.invoices import bill, bill_pending, stop_collecting
from stripe_emulator.subscriptions.items import items_of, set_period
from stripe_emulator.subscriptions.periods import end_after
from stripe_emulator.types import Obj

ENDED = ("canceled", "incomplete_expired")
DAY = 86_400
INCOMPLETE_FOR = 23 * 3_600
ANNOUNCED = 3 * DAY


def begin(unit: Unit, subscription: Obj, behavior: str) -> None:
    """Bill the first period at once; a card that is refused leaves the subscription incomplete, or it is an error."""
    in_trial = subscription["status"] == "trialing"
    invoice = bill(unit, subscription, "subscription_create", free=in_trial)
    if invoice is not None:
        finalize(unit, invoice)
        _collect_first(unit, subscription, invoice, behavior)
    unit.save(subscription)
    if in_trial:
        notice = max(subscription["trial_end"] - ANNOUNCED, subscription["created"])
        unit.later("subscription.announce", subscription, notice)
    schedule_renewal(unit, subscription)


def _collect_first(unit: Unit, subscription: Obj, invoice: Obj, behavior: str) -> None:
    if invoice["status"] != "open":
        return
    if subscription["collection_method"] == "send_invoice":
        after_finalization(unit, invoice)
        return
    subscription["status"] = "incomplete"
    method = default_method(unit, invoice)
    try:
        if method is not None and behavior != "default_incomplete":
            collect(unit, invoice, method, off_session=True)
    except StripeError as error:
        if behavior == "error_if_incomplete":
            error.keep_changes = False
            raise
    if invoice["status"] == "paid":
        subscription["status"] = "active"
    else:
        unit.later("subscription.expire", subscription, subscription["created"] + INCOMPLETE_FOR)


def schedule_renewal(unit: Unit, subscription: Obj) -> None:
    """Have the subscription renewed at the end of its period, or ended where it is to end before."""
    ends = items_of(unit, subscription["id"])[0]["current_period_end"]
    cancel_at = subscription["cancel_at"]
    unit.later("subscription.renew", subscription, ends)
    if cancel_at is not None and cancel_at < ends:
        unit.later("subscription.cancel", subscription, cancel_at)


@task("subscription.renew", "subscription")
def renew(unit: Unit, subscription: Obj) -> None:
    """Begin the next period and make its invoice; a subscription that is to end then ends instead."""
    now = unit.now()
    first = items_of(unit, subscription["id"])[0]
    if subscription["status"] in ENDED or first["current_period_end"] > now:
        return
    if subscription["status"] == "incomplete":
        return
    subscription["_sim"]["billed_from"] = first["current_period_start"]
    is_to_end = subscription["cancel_at"] is not None and subscription["cancel_at"] <= now
    if is_to_end or not schedules.enter_phase(unit, subscription, now):
        bill_pending(unit, subscription)
        end(unit, subscription, now)
        return
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    begin_period(unit, subscription, now)
    bill(unit, subscription, "subscription_cycle")
    unit.changed("customer.subscription.updated", subscription)
    schedule_renewal(unit, subscription)


def begin_period(unit: Unit, subscription: Obj, at: int) -> None:
    """Let the period of each item run from `at` to the next end that the anchor gives."""
    for item in items_of(unit, subscription["id"]):
        until = end_after(subscription["billing_cycle_anchor"], item["price"]["recurring"], at)
        set_period(item, (at, until))
        unit.save(item)


@task("subscription.cancel", "subscription")
def cancel_on_its_day(unit: Unit, subscription: Obj) -> None:
    """End a subscription on the day that was set, unless it was taken back or moved."""
    if subscription["status"] not in ENDED and (subscription["cancel_at"] or unit.now() + 1) <= unit.now():
        end(unit, subscription, unit.now())


@task("subscription.expire", "subscription")
def expire(unit: Unit, subscription: Obj) -> None:
    """Give up a subscription whose first invoice was not paid within 23 hours."""
    if subscription["status"] == "incomplete":
        subscription.update(status="incomplete_expired", ended_at=unit.now())
        unit.changed("customer.subscription.updated", subscription)


@task("subscription.announce", "subscription")
def announce_end_of_trial(unit: Unit, subscription: Obj) -> None:
    """Say three days before that a trial ends."""
    if subscription["status"] == "trialing":
        unit.emit("customer.subscription.trial_will_end", subscription)


def end(unit: Unit, subscription: Obj, at: int) -> None:
    """End a subscription now; its open invoices are left to the customer from then on."""
    stop_collecting(unit, subscription)
    subscription.update(status="canceled", ended_at=at, canceled_at=subscription["canceled_at"] or at)
    unit.save(subscription)
    unit.flush()
    schedules.follow_end(unit, subscription, at)
    unit.emit("customer.subscription.deleted", subscription)
    unit.complete(subscription)

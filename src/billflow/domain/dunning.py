"""What becomes of an unpaid invoice: retries, reminders, and in the end suspension (rules 26)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from billflow.domain.errors import InvalidInput
from billflow.domain.plan import CollectionMethod

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SmallOrganizationRule:
    """End plans of fewer than `seats` seats whose newest `invoices` are all open, and void these (rules 22)."""

    seats: int = 5
    invoices: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningPolicy:
    """How an organization collects; days of 24 hours.

    `retry_after_days` count from the first failed charge, `reminder_days` from the due date (before it: negative).
    When all of them are used up the customer is suspended, and `end_plan_after_days` later the plan ends; None leaves
    out that part. With `mark_uncollectible` the debt is given up after all that.
    """

    retry_after_days: tuple[int, ...] = (1, 3, 5, 7)
    reminder_days: tuple[int, ...] = (-3, 0, 7)
    suspend_customer: bool = True
    end_plan_after_days: int | None = 30
    mark_uncollectible: bool = False
    small_organizations: SmallOrganizationRule | None = None


DEFAULT_POLICY = DunningPolicy()

LONGEST_DAYS, MOST_DAYS, EARLIEST_REMINDER = 365, 20, -60
MOST_SEATS, MOST_INVOICES = 1_000, 24


def check_policy(policy: DunningPolicy) -> None:
    """Raise `InvalidInput`, naming the field, for a policy that can't be followed."""
    _check_days("retry_after_days", policy.retry_after_days, 1)
    _check_days("reminder_days", policy.reminder_days, EARLIEST_REMINDER)
    if policy.end_plan_after_days is not None:
        _check_range("end_plan_after_days", policy.end_plan_after_days, 0, LONGEST_DAYS)
    if policy.small_organizations is not None:
        _check_range("small_organizations.seats", policy.small_organizations.seats, 2, MOST_SEATS)
        _check_range("small_organizations.invoices", policy.small_organizations.invoices, 1, MOST_INVOICES)


def _check_days(name: str, days: Sequence[int], earliest: int) -> None:
    if len(days) > MOST_DAYS:
        raise InvalidInput(f"{name} may name {MOST_DAYS} days at most.", field=name)
    for day in days:
        _check_range(name, day, earliest, LONGEST_DAYS)
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise InvalidInput(f"{name} must name each day once, the earliest first.", field=name)


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidInput(f"{name} must be from {least} to {most}, not {value}.", field=name)


def without_consequences(policy: DunningPolicy) -> DunningPolicy:
    """Return the policy for a purchase: nobody is suspended for what was never bought."""
    return replace(policy, suspend_customer=False, end_plan_after_days=None, mark_uncollectible=False)


class DunningAction(StrEnum):
    """What collection does next about one invoice."""

    RETRY = "retry"
    REMIND = "remind"
    AWAIT_CUSTOMER = "await_customer"
    SUSPEND_CUSTOMER = "suspend_customer"
    END_PLAN = "end_plan"
    MARK_UNCOLLECTIBLE = "mark_uncollectible"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidInvoice:
    """An open invoice as collection knows it.

    `failed_at` is the moment of the first failed charge and `attempts` counts the charges so far, that one included.
    `requires_action` means that the customer has to confirm the payment, which no retry can do. `suspended_at` is
    set once this policy suspended the customer, `plan_ended` once the plan is over.
    """

    collection_method: CollectionMethod
    issued_at: datetime
    due_at: datetime | None = None
    failed_at: datetime | None = None
    attempts: int = 0
    requires_action: bool = False
    reminders: int = 0
    suspended_at: datetime | None = None
    plan_ended: bool = False


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """What to do next, and when; `number` counts retries and reminders from 1."""

    action: DunningAction
    at: datetime
    number: int = 1


def next_attempt(policy: DunningPolicy, invoice: UnpaidInvoice, now: datetime) -> NextAttempt | None:
    """Return what collection does next, never earlier than *now*; None where only a payment can change things.

    Days that passed unused, in an outage say, are not made up for one by one: the newest of them counts for all.
    """
    planned = _tries(policy, invoice, now) or _consequence(policy, invoice)
    return NextAttempt(planned.action, max(planned.at, now), planned.number) if planned else None


def _tries(policy: DunningPolicy, invoice: UnpaidInvoice, now: datetime) -> NextAttempt | None:
    if invoice.suspended_at is not None:
        return None
    if invoice.collection_method is CollectionMethod.SEND_INVOICE:
        return _pick(DunningAction.REMIND, reminders_of(policy, invoice), invoice.reminders, now)
    if invoice.attempts == 0 or invoice.failed_at is None:
        return NextAttempt(DunningAction.RETRY, invoice.issued_at)
    # A retry can't confirm a payment: the days pass all the same, each with a message instead of a charge.
    action = DunningAction.AWAIT_CUSTOMER if invoice.requires_action else DunningAction.RETRY
    moments = [invoice.failed_at + days * DAY for days in policy.retry_after_days]
    return _pick(action, moments, invoice.attempts - 1, now)


def reminders_of(policy: DunningPolicy, invoice: UnpaidInvoice) -> list[datetime]:
    """Return when the customer is reminded: only after the invoice was issued, however soon it is due."""
    due_at = invoice.due_at or invoice.issued_at
    return [at for days in policy.reminder_days if (at := due_at + days * DAY) > invoice.issued_at]


def _pick(action: DunningAction, moments: Sequence[datetime], done: int, now: datetime) -> NextAttempt | None:
    if done >= len(moments):
        return None
    passed = sum(at <= now for at in moments)
    index = max(done, passed - 1)
    return NextAttempt(action, moments[index], index + 1)


def _consequence(policy: DunningPolicy, invoice: UnpaidInvoice) -> NextAttempt | None:
    given_up = _given_up_at(policy, invoice)
    if policy.suspend_customer and invoice.suspended_at is None:
        return NextAttempt(DunningAction.SUSPEND_CUSTOMER, given_up)
    since = invoice.suspended_at or given_up
    if policy.end_plan_after_days is not None:
        since += policy.end_plan_after_days * DAY
        if not invoice.plan_ended:
            return NextAttempt(DunningAction.END_PLAN, since)
    return NextAttempt(DunningAction.MARK_UNCOLLECTIBLE, since) if policy.mark_uncollectible else None


def _given_up_at(policy: DunningPolicy, invoice: UnpaidInvoice) -> datetime:
    if invoice.collection_method is CollectionMethod.SEND_INVOICE:
        return (invoice.due_at or invoice.issued_at) + max(policy.reminder_days, default=0) * DAY
    return (invoice.failed_at or invoice.issued_at) + max(policy.retry_after_days, default=0) * DAY


@dataclass(frozen=True, slots=True)
class WriteOffDecision:
    """What the small-organization rule decides."""

    end_plan: bool = False
    void_open_invoices: bool = False
    notify_owners: bool = False


def decide_write_off(
    rule: SmallOrganizationRule, *, seats: int, has_live_plan: bool, newest_open: Sequence[bool]
) -> WriteOffDecision:
    """Decide about a small cloud organization behind on payments; *newest_open* tells of its invoices, newest first.

    With a live plan its newest invoices must all be open, without one the newest is enough (rules 22).
    """
    needed = rule.invoices if has_live_plan else 1
    behind = len(newest_open) >= needed and all(newest_open[:needed])
    if seats >= rule.seats or not behind:
        return WriteOffDecision()
    return WriteOffDecision(end_plan=has_live_plan, void_open_invoices=True, notify_owners=has_live_plan)

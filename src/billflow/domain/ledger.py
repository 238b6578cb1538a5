"""The license ledger: an append-only record of how many licenses a plan held, and will hold, from when on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billflow.domain.errors import Refused
from billflow.domain.plan import Plan, PlanStatus
from billflow.domain.seats import LicenseCheck


class Disposition(StrEnum):
    """What became of a ledger entry: allocated once, in one of these ways (rules 6)."""

    BILLED = "billed"
    NOTHING_TO_BILL = "nothing_to_bill"
    FORGIVEN = "forgiven"
    TRIAL = "trial"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """From `event_time` on: licenses held in this cycle, and licenses to renew with.

    `seq` counts a plan's entries from 1 in order of creation. `is_renewal` also marks the first entry.
    `allocated` tells whether an invoice, or the decision not to bill, already covers the entry. An entry about an
    `add_on` names it, and its `price` for a unit and cycle; its licenses are units of that (rules 35.2).
    """

    seq: int
    event_time: datetime
    is_renewal: bool
    licenses: int
    licenses_at_next_renewal: int
    allocated: bool = False
    add_on: str | None = None
    price: int | None = None


def newest_at(ledger: Sequence[LedgerEntry], moment: datetime) -> LedgerEntry | None:
    """Return the newest entry with a time at or before *moment*."""
    return next((entry for entry in reversed(ledger) if entry.event_time <= moment), None)


def last_renewal_at(ledger: Sequence[LedgerEntry], moment: datetime) -> LedgerEntry | None:
    """Return the newest renewal entry with a time at or before *moment*."""
    return next((entry for entry in reversed(ledger) if entry.is_renewal and entry.event_time <= moment), None)


@dataclass(frozen=True, slots=True)
class LicenseCount:
    """The two numbers of a ledger entry."""

    licenses: int
    licenses_at_next_renewal: int


def synced(last: LedgerEntry, billable: int, billable_next: int | None = None) -> LicenseCount:
    """Follow the seats: the cycle's number only rises, the renewal's moves both ways (rules 6).

    *billable_next* differs from *billable* where a scheduled tier has another minimum.
    """
    following = billable if billable_next is None else billable_next
    return LicenseCount(max(billable, last.licenses), following)


def current_set(plan: Plan, last: LedgerEntry, licenses: int, check: LicenseCheck) -> LicenseCount:
    """Raise the licenses of the running cycle by hand; the renewal's number follows (rules 6 and 19)."""
    if plan.status.in_trial:
        raise Refused(
            "During the trial only the licenses of the next cycle can be changed.", code="trial_current_licenses_locked"
        )
    _check_by_hand(plan)
    if licenses == last.licenses:
        raise Refused(f"The plan already has {licenses} licenses.", code="no_change", field="licenses")
    if licenses < last.licenses:
        raise Refused(
            f"Licenses can't fall below {last.licenses} within the cycle; lower those of the next one.",
            code="cannot_decrease_current_period",
            field="licenses",
        )
    check.check(licenses)
    return LicenseCount(licenses, licenses)


def next_renewal_set(plan: Plan, last: LedgerEntry, licenses: int, check: LicenseCheck) -> LicenseCount:
    """Set the licenses the next cycle starts with (rules 6 and 19)."""
    _check_by_hand(plan)
    if is_ending(plan):
        raise Refused(
            "The plan is about to end and won't renew; cancel the scheduled end first.", code="plan_is_ending"
        )
    if licenses == last.licenses_at_next_renewal:
        raise Refused(f"The next cycle already has {licenses} licenses.", code="no_change", field="licenses")
    check.check(licenses)
    return LicenseCount(last.licenses, licenses)


def is_ending(plan: Plan) -> bool:
    """Tell whether the plan is scheduled to end without a next cycle."""
    return plan.status in (PlanStatus.DOWNGRADE_AT_END_OF_CYCLE, PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL)


def _check_by_hand(plan: Plan) -> None:
    if plan.is_automatic:
        raise Refused(
            "Licenses follow the seats by themselves; switch to manual license management first.",
            code="automatic_license_management",
        )

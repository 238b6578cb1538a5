"""What the host product may let people do: join a plan with limited licenses, and use push (rules 20 and 21)."""

from dataclasses import dataclass
from datetime import datetime

from billflow.domain.catalog import Hosting, usual_seats
from billflow.domain.cycle import next_billing_cycle
from billflow.domain.ledger import is_ending
from billflow.domain.plan import PlanStatus
from billflow.domain.seats import STALE_AFTER, SeatObservation, seats_of
from billflow.domain.step import Facts, Step

WARN_AT = 3
PUSH_WITHOUT_PLAN = 10


@dataclass(frozen=True, slots=True)
class SeatGate:
    """Whether more people may join, and how many licenses are spare before they do; None where nothing limits."""

    allowed: bool
    spare: int | None = None

    @property
    def warning(self) -> bool:
        """Tell whether admins should be warned: from three spare licenses down."""
        return self.spare is not None and self.spare <= WARN_AT


def seat_gate(facts: Facts, *, members: int = 0, guests: int = 0) -> SeatGate:
    """Tell whether that many more people fit the plan (rules 20).

    Customers who aren't exempt are limited by the most that their tier is sold for, and in the cloud a manual plan by
    the licenses of the cycle, and by those of the next one where there will be one.
    """
    limit, seen = _limit(facts), newest_seen(facts)
    if limit is None:
        return SeatGate(allowed=True)
    rule = facts.catalog.tier(facts.plan.tier).seat_rule
    seats = seats_of(rule, seen)
    known = (seen.members, seen.guests) if seen else (0, 0)
    joined = SeatObservation(
        observed_at=facts.plan.seats_observed_through, members=known[0] + members, guests=known[1] + guests
    )
    return SeatGate(allowed=seats_of(rule, joined) <= limit, spare=limit - seats)


def newest_seen(facts: Facts) -> SeatObservation | None:
    """Return the newest seat observation there is, whether a step has taken it in or not."""
    return facts.observations[-1] if facts.observations else facts.last_observation


def _limit(facts: Facts) -> int | None:
    plan, exempt = facts.plan, facts.customer.exempt_from_license_number_check
    if not facts.ledger or not plan.status.is_live or exempt:
        return None
    most, last = facts.catalog.tier(plan.tier).maximum_licenses, facts.ledger[-1]
    limits = [most] if most is not None else []
    if facts.customer.hosting is Hosting.CLOUD and not plan.is_automatic:
        limits += [last.licenses] if is_ending(plan) else [last.licenses, last.licenses_at_next_renewal]
    return min(limits, default=None)


@dataclass(frozen=True, slots=True)
class PushAccess:
    """Whether a self-hosted server may send push notifications, and until when where that is known to end."""

    allowed: bool
    ends_at: datetime | None = None


def push_access(facts: Facts | None, seen: SeatObservation | None, now: datetime) -> PushAccess:
    """Tell whether a self-hosted server may use push at *now*; *facts* are those of its plan, if it has one (rules 21).

    A live plan allows it, a community plan too. Without one up to ten people may, if the server reported within two
    days. Where a plan is about to end and there are more people than that, or nobody knows, its end is named.
    """
    fits = _fits_without_plan(seen, now)
    if facts is None or not facts.plan.status.is_live:
        return PushAccess(allowed=fits)
    return PushAccess(allowed=True, ends_at=None if fits else _scheduled_end(facts, now))


def _fits_without_plan(seen: SeatObservation | None, now: datetime) -> bool:
    if seen is None or now - seen.observed_at > STALE_AFTER:
        return False
    return seats_of(usual_seats(Hosting.SELF_HOSTED), seen) <= PUSH_WITHOUT_PLAN


def _scheduled_end(facts: Facts, now: datetime) -> datetime | None:
    plan = facts.plan
    if is_ending(plan):
        return next_billing_cycle(Step.begin(facts, now))
    return None if plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END else plan.end_date

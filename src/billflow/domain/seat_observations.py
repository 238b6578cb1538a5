"""Turning what the host product observed about its seats into ledger entries, in time order (rules 6)."""

from datetime import datetime, timedelta

from billflow.domain.catalog import Hosting, Tier
from billflow.domain.errors import NeedsAttention
from billflow.domain.ledger import LicenseCount, synced
from billflow.domain.plan import PlanStatus
from billflow.domain.seats import SeatObservation
from billflow.domain.step import Step

NOTICE_AFTER = timedelta(days=1)


class StaleSeatData(NeedsAttention):
    """A self-hosted server has not reported its seats since its plan fell due, so the plan is on hold.

    Let the server report its seats; billing then goes on by itself.
    """

    code = "stale_seat_data"

    def __init__(self, *, notify: bool) -> None:
        super().__init__("The server has not reported its seats since the invoice fell due; let it report them.")
        self.notify = notify  # asks for the one notice (rules 15)


def take_observations(step: Step, until: datetime, *, inclusive: bool) -> None:
    """Take in the pending observations up to *until*, each as its own moment in the ledger."""
    observations = step.facts.observations
    while step.pending < len(observations):
        observation = observations[step.pending]
        if observation.observed_at > until or (observation.observed_at == until and not inclusive):
            return
        step.pending += 1
        _observe(step, observation)


def _observe(step: Step, observation: SeatObservation) -> None:
    changed = not observation.same_counts(step.seen)
    step.seen = observation
    step.change(seats_observed_through=observation.observed_at)
    if changed and step.plan.is_automatic and step.plan.status.is_live and step.ledger:
        sync(step, observation.observed_at)


def take_in_newest(step: Step) -> None:
    """Know the seats as of the step's moment without a ledger entry for each observation on the way."""
    known = [observation for observation in step.facts.observations if observation.observed_at <= step.at]
    if known:
        step.seen, step.pending = known[-1], len(known)
        step.change(seats_observed_through=known[-1].observed_at)


def recount(step: Step) -> None:
    """Let the next cycle count seats as the tier does now, where a new catalogue counts otherwise (rules 6).

    The licenses held stay as they are until a seat report changes them.
    """
    former, tier, seen = step.facts.former_catalog, step.tier_at_renewal, step.seen
    before = former.tiers.get(tier.code) if former else None
    follows = step.plan.is_automatic and step.plan.status.is_live and not step.suspended
    if before is None or seen is None or not follows or not step.ledger or _counts_alike(before, tier):
        return
    newest, licenses = step.ledger[-1], step.billable(tier)
    if licenses != newest.licenses_at_next_renewal:
        step.append(newest.event_time, LicenseCount(newest.licenses, licenses))


def _counts_alike(one: Tier, other: Tier) -> bool:
    terms = [(tier.seat_rule, tier.minimum_licenses, tier.flat_discount_minimum_cap) for tier in (one, other)]
    return terms[0] == terms[1]


def sync(step: Step, observed_at: datetime) -> None:
    """Append what the seats in use call for; an observation that came late counts from the newest entry on.

    What a new catalogue counts otherwise is counted as before in the step that finds it, but for the next cycle.
    """
    newest = step.ledger[-1]
    count = synced(newest, step.billable(step.former_tier), step.billable(step.tier_at_renewal))
    step.renew_without_switch(step.billable())
    step.append(max(observed_at, newest.event_time), count)


def check_freshness(step: Step, due: datetime) -> None:
    """Let a self-hosted plan wait for seats reported at or after *due* (rules 15).

    Raises `StaleSeatData`. Fixed-price plans are billed anyway, with a notice; unpriced ones and trials bought by
    invoice need no data.
    """
    newest = step.facts.observations[-1] if step.facts.observations else step.facts.last_observation
    fresh, notify = freshness(newest.observed_at if newest else None, due)
    if fresh or not _needs_seat_data(step):
        if step.plan.stale_data_notice_sent:
            step.change(stale_data_notice_sent=False)
    elif step.plan.fixed_price is not None:
        step.say("plan.seat_data_stale", due=due)
    else:
        raise StaleSeatData(notify=notify and not step.plan.stale_data_notice_sent)


def freshness(reported_at: datetime | None, due: datetime) -> tuple[bool, bool]:
    """Tell whether data of *reported_at* is fresh enough for *due*, and whether its age is worth a notice."""
    if reported_at is None:
        return False, True
    return reported_at >= due, due - reported_at >= NOTICE_AFTER


def _needs_seat_data(step: Step) -> bool:
    handed_over = step.plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END
    bought_by_invoice = step.plan.status.in_trial and step.facts.trial_invoice_paid is not None
    reported = step.customer.hosting is Hosting.SELF_HOSTED and (step.tier.billable or handed_over)
    return reported and not bought_by_invoice

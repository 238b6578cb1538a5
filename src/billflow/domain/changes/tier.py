"""Commands that move a plan to another tier (rules 2, 12 and 13)."""

from dataclasses import replace
from fractions import Fraction

from billflow.domain.additions import ChargedLine
from billflow.domain.billing_dates import bill_and_advance
from billflow.domain.calendar import Period, add_months, without_microseconds
from billflow.domain.catalog import Tier
from billflow.domain.changes.add_ons import check_add_ons
from billflow.domain.commands import ScheduleTierAtPlanEnd, UpgradeTierNow
from billflow.domain.currencies import CURRENCIES, in_steps
from billflow.domain.cycle import next_billing_cycle, repriced, successor_of
from billflow.domain.errors import Refused
from billflow.domain.ledger import LicenseCount, last_renewal_at
from billflow.domain.money import Rounding, rounded
from billflow.domain.offers import OfferTerms, agreed, check_accepted
from billflow.domain.plan import LicenseManagement, Plan, PlanStatus, check_fixed_schedule
from billflow.domain.proration import unused_share
from billflow.domain.step import Step


def upgrade_tier_now(step: Step, command: UpgradeTierNow) -> None:
    """End the plan, credit the unused share of what was paid for the running cycle, start the higher tier.

    Complimentary access ends in the same way; nothing was paid for it, so nothing is credited (rules 13). Raises
    `Refused` while another system bills the plan: its period would be another than ours.
    """
    if step.plan.in_parallel_run(step.at):
        message = "Another system bills the plan until its cutover; schedule the tier for then, or wait."
        raise Refused(message, code="in_parallel_run")
    plan, offer = step.plan, accepted_offer(step, command) if command.offer_id else None
    tier = _offered_tier(step, offer) if offer else _checked_upgrade(step, command.tier)
    if offer:
        step.customer = agreed(offer, step.customer)
    check_add_ons(step, tier=tier, schedule=command.schedule)
    licenses = _licenses_on(step, tier)
    anchor = without_microseconds(step.at)
    step.credit = tier_change_credit(step)
    # The credit gives back what is billed beyond this moment; what is still to be billed up to it is billed now.
    uncredited = tuple(addition for addition in step.facts.additions if addition.until <= step.at)
    step.facts = replace(step.facts, additions=uncredited)
    follower = replace(
        successor_of(plan, anchor, command.schedule or plan.schedule),
        tier=tier.code,
        end_date=None,
        collection_method=command.collection_method or plan.collection_method,
        offer_id=command.offer_id,
    )
    fixed_price = offer.fixed_price if offer else None
    follower = repriced(step, follower) if fixed_price is None else _at_fixed_price(step, follower, fixed_price)
    step.change(end_date=step.at)
    step.end("switched_tier")
    step.succeed(follower).append(anchor, LicenseCount(licenses, licenses), renewal=True)
    bill_and_advance(step)


def accepted_offer(step: Step, command: UpgradeTierNow) -> OfferTerms:
    """Return the offer that the command accepts; raises `Refused` where it is none, over, or the plan is paid for."""
    offer = step.facts.offer
    if offer is None:
        raise Refused("There is no open offer of that id; ask for a new one.", code="offer_not_open", field="offer_id")
    if step.tier.billable:
        raise Refused(
            "The customer pays for a plan; let the offer follow it with schedule_tier_at_plan_end.", code="live_plan"
        )
    check_accepted(offer, command.tier, step.at)
    return offer


def _offered_tier(step: Step, offer: OfferTerms) -> Tier:
    tier = step.facts.catalog.tier(offer.tier)
    hosting = step.customer.hosting
    if not tier.suits(hosting):
        message = f"{tier.name} can't replace {step.tier.name}; the offer must be for {hosting} deployments."
        raise Refused(message, code="invalid_tier_change", field="tier")
    return tier


def _at_fixed_price(step: Step, follower: Plan, fixed_price: int) -> Plan:
    """Return *follower* at a yearly price for one year, whatever its licenses (rules 13)."""
    check_fixed_schedule(follower.schedule)
    leap = step.facts.settings.leap_february
    return replace(
        follower,
        price_per_license=None,
        fixed_price=in_steps(fixed_price, follower.currency, "fixed_price"),
        discount_percent=None,
        license_management=LicenseManagement.AUTOMATIC,
        end_date=add_months(follower.billing_cycle_anchor, 12, leap_february=leap),
    )


def tier_change_credit(step: Step) -> int:
    """Return what the rest of the running cycle was paid for, summed exactly and rounded up once (rules 12).

    Notes the lines, each with the span that it pays for.
    """
    if any(not line.paid for line in step.facts.charged):
        raise Refused("An invoice for the running cycle is still open; pay or void it first.", code="open_invoice")
    step.credited = tuple([replace(line, period=_paid_period(step, line)) for line in step.facts.charged])
    shares = (unused_share(line.amount, period=line.period, at=step.at) for line in step.credited)
    return max(rounded(sum(shares, Fraction(0)), Rounding.UP, CURRENCIES[step.plan.currency].step), 0)


def _paid_period(step: Step, line: ChargedLine) -> Period:
    """Return the span *line* pays for: a purchase dates from its invoice, and pays for the cycle its payment began."""
    renewal = last_renewal_at(step.ledger, step.at)
    if renewal is None or line.period.start >= renewal.event_time:
        return line.period
    return Period(renewal.event_time, step.cycle_end(renewal.event_time))


def _licenses_on(step: Step, tier: Tier) -> int:
    asked = step.last.licenses_at_next_renewal
    if step.customer.exempt_from_license_number_check:
        return asked
    needed = step.billable(tier)
    licenses = needed if step.plan.is_automatic else max(needed, asked)
    step.license_check(tier).check_maximum(licenses)
    return licenses


def schedule_tier_at_plan_end(step: Step, command: ScheduleTierAtPlanEnd) -> None:
    """Prepare the plan that follows at the end date: at list price, or a fixed price for a year (rules 13).

    The end date of a plan that is paid for must be its next cycle end. At list price only an upgrade may follow.
    """
    plan, tier = step.plan, _checked_follower(step, command)
    if plan.end_date is None or (step.tier.billable and plan.end_date != next_billing_cycle(step)):
        raise Refused("Set an end date on the plan's next cycle end first.", code="no_end_date", field="end_date")
    check_add_ons(step, tier=tier, schedule=command.schedule)
    step.scheduled = _scheduled(step, tier, command)
    step.change(status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, next_invoice_date=plan.end_date)
    step.renew_without_switch(step.last.licenses_at_next_renewal)
    if command.fixed_price is None:
        step.append(step.at, LicenseCount(step.last.licenses, _licenses_on(step, tier)))
    step.say("plan.tier_scheduled", tier=tier.code)


def _checked_follower(step: Step, command: ScheduleTierAtPlanEnd) -> Tier:
    if command.fixed_price is None:
        return _checked_upgrade(step, command.tier)
    tier, hosting = step.facts.catalog.tier(command.tier), step.customer.hosting
    if not tier.suits(hosting) or not tier.billable:
        message = (
            f"{tier.name} can't follow {step.tier.name} at a fixed price; name a paid tier for {hosting} deployments."
        )
        raise Refused(message, code="invalid_tier_change", field="tier")
    tier.check_sold_for(hosting)
    return tier


def _checked_upgrade(step: Step, wanted: str) -> Tier:
    return step.facts.catalog.checked_upgrade(step.plan.tier, wanted, step.customer.hosting)


def _scheduled(step: Step, tier: Tier, command: ScheduleTierAtPlanEnd) -> Plan:
    plan = step.plan
    starts = plan.end_date or step.at
    follower = replace(
        successor_of(plan, starts, command.schedule or plan.schedule),
        tier=tier.code,
        status=PlanStatus.NEVER_STARTED,
        end_date=None,
    )
    if command.fixed_price is None:
        return repriced(step, follower)
    return _at_fixed_price(step, follower, command.fixed_price)

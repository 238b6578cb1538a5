"""The end of a cycle: what each status turns into when its moment has come (rules 9 and 10)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from billflow.domain.calendar import add_months, without_microseconds
from billflow.domain.catalog import TrialWithoutCard
from billflow.domain.customer import minimum_licenses, price_per_license
from billflow.domain.errors import NeedsAttention, Refused
from billflow.domain.invoicing.items import withdraw
from billflow.domain.ledger import Disposition, LicenseCount, last_renewal_at
from billflow.domain.plan import SUCCESSOR_ID, CollectionMethod, InvoicingStatus, Plan, PlanStatus, Schedule
from billflow.domain.step import Step

Effect = Callable[[Step, datetime], None]
TRIAL_WITHOUT_CARD = "trial_without_card"
SWITCHES = {
    PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE: Schedule.ANNUAL,
    PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE: Schedule.MONTHLY,
}
"""What a plan that is to switch renews as."""


def next_billing_cycle(step: Step) -> datetime:
    """Return when the running cycle ends for the state machine (rules 4).

    Trials end at the stored invoice date, a plan that hands over at its end date, others at the cycle start after
    their last renewal; an earlier end date wins.
    """
    plan = step.plan
    if plan.status.in_trial or plan.status is PlanStatus.NEVER_STARTED:
        ends = plan.next_invoice_date or plan.billing_cycle_anchor
        return min(ends, plan.end_date or ends)
    if plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END and plan.end_date:
        return plan.end_date
    renewal = last_renewal_at(step.ledger, step.at)
    return step.renewal_or_end(renewal.event_time if renewal else plan.billing_cycle_anchor)


def end_cycle(step: Step, billing_date: datetime) -> None:
    """Apply what the plan's status says happens at *billing date*; raises `NeedsAttention` where the gate is shut."""
    EFFECTS[step.plan.status](step, billing_date)


def check_renewal(step: Step, plan: Plan) -> None:
    """Hold back a renewal with fewer licenses than the plan must have (rules 9).

    Raises `NeedsAttention`. Only for tiers with a gate, and never for exempt customers or a fixed price, which holds
    for any number.
    """
    tier = step.facts.catalog.tier(plan.tier)
    licenses = step.last.licenses_at_next_renewal
    free = plan.fixed_price is not None and not step.facts.settings.gate_fixed_prices
    if free or not tier.renewal_gate or step.customer.exempt_from_license_number_check:
        return
    if licenses < (minimum := minimum_licenses(tier, step.customer)):
        raise NeedsAttention(
            f"The plan would renew with {licenses} licenses, but {tier.name} needs at least {minimum}; "
            "raise those of the next cycle.",
            code="renewal_licenses_below_plan_minimum",
        )
    if not plan.is_automatic and (seats := step.seats_on(tier)) > licenses:
        raise NeedsAttention(
            f"The plan would renew with {licenses} licenses, but {seats} seats are in use; "
            "raise those of the next cycle.",
            code="renewal_licenses_below_current_users",
        )


def renewal_count(step: Step) -> LicenseCount:
    """Return the licenses the next cycle starts with."""
    licenses = step.last.licenses_at_next_renewal
    return LicenseCount(licenses, licenses)


def check_cycle_ends(step: Step) -> None:
    """Refuse to schedule something for the end of a cycle that never comes: community plans just run."""
    if not step.tier.billable and step.plan.due_at is None:
        raise Refused(f"{step.tier.name} has no end of a cycle; end the plan now instead.", code="no_cycle_end")


def downgrade_now(step: Step, reason: str) -> None:
    """End the plan at once and forgive what is not billed yet, one-off items included (rules 9 and 35.1)."""
    step.allocate(step.unallocated(), Disposition.FORGIVEN)
    withdraw(step, step.items.pending)
    step.change(next_invoice_date=None)
    step.end(reason)


def successor_of(plan: Plan, at: datetime, schedule: Schedule) -> Plan:
    """Return the plan that takes over from *plan* on *schedule*, its first invoice still to be made."""
    return replace(
        plan,
        id=SUCCESSOR_ID,
        predecessor_id=plan.id,
        schedule=schedule,
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=at,
        next_invoice_date=at,
        invoicing_status=InvoicingStatus.INITIAL_INVOICE_TO_BE_SENT,
        stale_data_notice_sent=False,
        review_reminder_sent=False,
        licenses_without_switch=None,
        offer_id=None,
        ended_at=None,
        next_price=None,
        next_price_from=None,
        cycle_coupon=None,
        cycle_percent_off=None,
    )


def repriced(step: Step, plan: Plan) -> Plan:
    """Return *plan* at the price its tier and schedule have for this customer now."""
    price = price_per_license(step.facts.catalog, plan.tier, plan.schedule, plan.currency, step.customer)
    return replace(
        plan,
        price_per_license=price.amount,
        fixed_price=None,
        discount_percent=price.percent_off,
        next_price=None,
        next_price_from=None,
    )


def _renew(step: Step, billing_date: datetime) -> None:
    if _is_last(step, billing_date):
        return
    check_renewal(step, step.plan)
    _change_price(step, billing_date)
    entry = step.append(billing_date, renewal_count(step), renewal=True)
    step.say("plan.renewed", licenses=entry.licenses)


def _change_price(step: Step, billing_date: datetime) -> None:
    """Let the cycle that begins have the price that was announced (rules 14.1)."""
    plan, price = step.plan, step.plan.next_price
    if price is None or plan.next_price_from is None or billing_date < plan.next_price_from:
        return
    step.former_price = plan.price_per_license, billing_date
    step.change(price_per_license=price, discount_percent=None, next_price=None, next_price_from=None)
    step.say("plan.repriced", price_per_license=price)


def _is_last(step: Step, billing_date: datetime) -> bool:
    """End the plan where its end date has come; an end date wins over a switch that would come with it."""
    if step.plan.end_date is None or step.plan.end_date > billing_date:
        return False
    step.end("end_date")
    return True


def _end_trial(step: Step, billing_date: datetime) -> None:
    by_card = step.plan.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    if step.facts.trial_invoice_paid is None and not by_card:
        raise NeedsAttention(
            "The invoice that buys this trial is missing; contact support.", code="trial_invoice_missing"
        )
    if step.facts.trial_invoice_paid is None:
        _start_with_card(step, billing_date)
    elif step.facts.trial_invoice_paid:
        _start_prepaid(step, billing_date)
    else:
        downgrade_now(step, "trial_not_paid")


def _start_with_card(step: Step, billing_date: datetime) -> None:
    """Start the first cycle, or do without a card what the tier says (rules 10.1)."""
    has_card, policy = step.customer.card_since is not None, step.tier.trial_without_card
    if has_card or policy is TrialWithoutCard.INVOICE:
        _start_paying(step, billing_date)
    elif policy is TrialWithoutCard.CANCEL:
        downgrade_now(step, TRIAL_WITHOUT_CARD)
    else:
        raise NeedsAttention("The trial is over and no card is on file; enter one.", code="trial_without_card")


def goes_on_with_card(step: Step) -> datetime | None:
    """Return when the card came that a paused trial waited for, None where nothing was paused (rules 10.1)."""
    plan, since = step.plan, step.customer.card_since
    by_card = plan.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    trial = by_card and step.facts.trial_invoice_paid is None and plan.status is PlanStatus.FREE_TRIAL
    if not trial or since is None or step.tier.trial_without_card is not TrialWithoutCard.PAUSE:
        return None
    return without_microseconds(since) if without_microseconds(since) > step.at else None


def _start_paying(step: Step, billing_date: datetime) -> None:
    count = renewal_count(step)
    step.allocate(step.unallocated(), Disposition.TRIAL)
    step.change(status=PlanStatus.ACTIVE, billing_cycle_anchor=billing_date)
    step.append(billing_date, count, renewal=True)
    step.say("plan.trial_converted", licenses=count.licenses)


def _start_prepaid(step: Step, billing_date: datetime) -> None:
    """Start the period the trial's invoice paid for; only licenses beyond it are still to be billed."""
    paid = last_renewal_at(step.ledger, step.at) or step.last
    wanted = max(renewal_count(step).licenses, step.billable())
    step.allocate(step.unallocated(), Disposition.TRIAL)
    step.change(status=PlanStatus.ACTIVE, billing_cycle_anchor=billing_date)
    renewal = step.append(billing_date, LicenseCount(paid.licenses, paid.licenses_at_next_renewal), renewal=True)
    step.allocate([renewal], Disposition.BILLED)
    extra = step.append(billing_date, LicenseCount(max(wanted, paid.licenses), wanted))
    step.say("plan.trial_converted", licenses=extra.licenses)


def _switch_schedule(step: Step, billing_date: datetime) -> None:
    if step.plan.fixed_price is not None:
        raise Refused(
            "A fixed-price plan keeps its schedule; let support make an offer instead.", code="fixed_price_plan"
        )
    if _is_last(step, billing_date):
        return
    check_renewal(step, step.plan)
    count = renewal_count(step)
    follower = repriced(step, successor_of(step.plan, billing_date, SWITCHES[step.plan.status]))
    step.end("switched_schedule")
    step.succeed(follower).append(billing_date, count, renewal=True)


def _hand_over(step: Step, billing_date: datetime) -> None:
    follower = step.facts.next_plan
    if follower is None:
        raise NeedsAttention("The plan to switch to is missing; schedule it again.", code="successor_missing")
    check_renewal(step, follower)
    count = renewal_count(step)
    step.end("switched_tier")
    step.succeed(_started_at(step, follower, billing_date)).append(billing_date, count, renewal=True)


def _started_at(step: Step, follower: Plan, billing_date: datetime) -> Plan:
    """Return the scheduled plan as it starts: after a suspension later than planned, and all of it with it."""
    leap, fixed = step.facts.settings.leap_february, follower.fixed_price is not None
    return replace(
        follower,
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=billing_date,
        next_invoice_date=billing_date,
        end_date=add_months(billing_date, 12, leap_february=leap) if fixed else follower.end_date,
        collection_method=step.plan.collection_method,
        seats_observed_through=step.plan.seats_observed_through,
        parallel_run_since=step.plan.parallel_run_since,
        cutover_at=step.plan.cutover_at,
        cutover_status=step.plan.cutover_status,
        cutover_date=step.plan.cutover_date,
        old_subscription=step.plan.old_subscription,
        predecessor_id=step.plan.id,
    )


EFFECTS: dict[PlanStatus, Effect] = {
    PlanStatus.ACTIVE: _renew,
    PlanStatus.FREE_TRIAL: _end_trial,
    PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL: lambda step, _: downgrade_now(step, "downgrade"),
    PlanStatus.DOWNGRADE_AT_END_OF_CYCLE: lambda step, _: step.end("downgrade"),
    PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE: _switch_schedule,
    PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE: _switch_schedule,
    PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END: _hand_over,
}

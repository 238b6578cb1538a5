"""A plan that another system billed so far, and how it goes on: no day is billed twice or missed (rules 40)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billflow.domain.calendar import MICROSECOND, first_step_after, without_microseconds
from billflow.domain.catalog import Tier
from billflow.domain.currencies import in_steps
from billflow.domain.customer import minimum_licenses, percent_off, price_per_license
from billflow.domain.errors import AlreadySubscribed, InvalidInput, Refused
from billflow.domain.ledger import Disposition, LicenseCount
from billflow.domain.money import check_price
from billflow.domain.plan import (
    CollectionMethod,
    LicenseManagement,
    Plan,
    PlanStatus,
    Schedule,
    check_fixed_schedule,
)
from billflow.domain.seat_observations import sync
from billflow.domain.seats import LicenseCheck, checked_licenses, seats_of
from billflow.domain.start_request import StartFacts
from billflow.domain.step import Facts, Outcome, Step

_SWITCHES = {
    Schedule.ANNUAL: PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE,
    Schedule.MONTHLY: PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningEntry:
    """A ledger entry of the other system, for the running period: licenses held, and those of the next renewal."""

    event_time: datetime
    is_renewal: bool
    licenses: int
    licenses_at_next_renewal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """A live plan as the other system has it; prices in minor units, for a license and period, or a fixed year's.

    The running period is `[period_start, period_end)`, of a trial the trial. Periods are counted from the `anchor`,
    from `period_start` where there is none. Without a price the catalogue's holds, or what was agreed. `ledger` holds
    the entries of the running period in their order, from its renewal on; without any the period began with `licenses`.
    In a `parallel_run` the other system goes on to bill it until the cutover (rules 41).
    """

    tier: str
    schedule: Schedule
    period_start: datetime
    period_end: datetime
    anchor: datetime | None = None
    licenses: int
    licenses_at_next_renewal: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    price_per_license: int | None = None
    fixed_price: int | None = None
    in_trial: bool = False
    end_date: datetime | None = None
    ends_with_period: bool = False
    next_schedule: Schedule | None = None
    ledger: tuple[OpeningEntry, ...] = ()
    parallel_run: bool = False

    def __post_init__(self) -> None:
        checked_licenses(self.licenses)
        check_price(self.price_per_license, "price_per_license", least=0)
        check_price(self.fixed_price, "fixed_price", least=1)
        if self.price_per_license is not None and self.fixed_price is not None:
            raise InvalidInput("Name price_per_license or fixed_price, not both.", field="fixed_price")

    @property
    def is_automatic(self) -> bool:
        """Tell whether licenses follow the seats."""
        return self.license_management is LicenseManagement.AUTOMATIC


def import_plan(facts: StartFacts, asked: ImportPlan, at: datetime) -> Outcome:
    """Return the plan as it goes on at *at*: everything up to then was billed elsewhere, nothing is billed now.

    Raises `InvalidInput` or `Refused` for what the rules of section 40 don't take.
    """
    tier = _checked(facts, asked, at)
    plan = _plan(facts, asked, tier, at)
    known = Facts(
        plan=plan,
        customer=facts.customer,
        catalog=facts.catalog,
        last_observation=facts.last_observation,
        settings=facts.settings,
    )
    step = Step.begin(known, at)
    opened = [
        step.append(
            entry.event_time, LicenseCount(entry.licenses, entry.licenses_at_next_renewal), renewal=entry.is_renewal
        )
        for entry in _entries(asked)
    ]
    if not asked.in_trial:
        step.allocate(opened, Disposition.IMPORTED)
        _follow_seats(step)
    step.say("plan.imported", tier=plan.tier, licenses=step.last.licenses, next_invoice_date=plan.next_invoice_date)
    return step.finish()


def _follow_seats(step: Step) -> None:
    """Let the seats that are known count from the import on, where they call for other licenses than were billed."""
    last, seats = step.last, step.billable()
    follows = step.plan.is_automatic and step.seen is not None and step.plan.fixed_price is None
    if follows and (max(seats, last.licenses), seats) != (last.licenses, last.licenses_at_next_renewal):
        sync(step, step.at)


def _checked(facts: StartFacts, asked: ImportPlan, at: datetime) -> Tier:
    tier = facts.catalog.tier(asked.tier)
    if not tier.suits(facts.customer.hosting):
        raise Refused(
            f"{tier.name} is for {tier.hosting} deployments, this customer's is not; map the price to another tier.",
            code="tier_not_for_deployment",
            field="tier",
        )
    tier.check_billable("tier", "start a free plan instead")
    if facts.has_live_plan:
        raise AlreadySubscribed
    if facts.buying:
        raise Refused("Another purchase waits for its payment; end that one first.", code="purchase_in_progress")
    _check_period(facts, asked, at)
    _check_ledger(asked, at)
    _check_changes(asked, at)
    if not asked.is_automatic and asked.fixed_price is None:
        _check_licenses(facts, asked, tier)
    return tier


def _check_licenses(facts: StartFacts, asked: ImportPlan, tier: Tier) -> None:
    LicenseCheck(
        seats=seats_of(tier.seat_rule, facts.last_observation),
        minimum=minimum_licenses(tier, facts.customer),
        maximum=tier.maximum_licenses,
        exempt=facts.customer.exempt_from_license_number_check,
    ).check(_entries(asked)[-1].licenses_at_next_renewal)


def _check_period(facts: StartFacts, asked: ImportPlan, at: datetime) -> None:
    start, end = asked.period_start, asked.period_end
    if start >= end:
        raise InvalidInput("period_end lies before period_start; name the running period.", field="period_end")
    if at < start:
        raise Refused(
            "The running period lies ahead; import the plan once it has begun.",
            code="period_not_begun",
            field="period_start",
        )
    if at >= end:
        raise Refused(
            "The running period is over; read the plan from the other system again.",
            code="period_over",
            field="period_end",
        )
    if asked.in_trial:
        if asked.collection_method is CollectionMethod.SEND_INVOICE:
            raise Refused(
                "A trial that an invoice buys can't be imported; import the plan once the trial is over.",
                code="trial_by_invoice",
                field="in_trial",
            )
        return
    anchor, months, leap = asked.anchor or start, asked.schedule.months, facts.settings.leap_february
    starts = first_step_after(anchor, months, start - MICROSECOND, leap_february=leap)
    if starts != start or first_step_after(anchor, months, start, leap_february=leap) != end:
        raise InvalidInput(
            "The running period is none of those counted from the anchor; name the anchor, or import the plan in a "
            "full period.",
            code="period_off_anchor",
            field="period_end",
        )


def _check_ledger(asked: ImportPlan, at: datetime) -> None:
    entries = _entries(asked)
    times = [entry.event_time for entry in entries]
    if not entries[0].is_renewal or times[0] != asked.period_start or sum(one.is_renewal for one in entries) > 1:
        raise InvalidInput(
            "The ledger begins with the renewal of the running period, at period_start, and has no other renewal.",
            code="ledger_off_period",
            field="event_time",
        )
    held = [entry.licenses for entry in entries]
    if times != sorted(times) or times[-1] > at or held != sorted(held):
        raise InvalidInput(
            "The ledger's entries come in order of time, none in the future, and licenses held never fall.",
            code="ledger_out_of_order",
            field="event_time",
        )


def _check_changes(asked: ImportPlan, at: datetime) -> None:
    if asked.end_date is not None and asked.end_date <= at:
        raise InvalidInput("The plan has ended already; leave it out.", code="end_date_past", field="end_date")
    if asked.fixed_price is not None:
        check_fixed_schedule(asked.schedule)
    if asked.next_schedule is None:
        return
    if asked.in_trial or asked.ends_with_period or asked.fixed_price is not None:
        raise Refused(
            "A plan in its trial, with a fixed price, or that ends, changes no schedule; leave next_schedule out.",
            code="no_schedule_change",
            field="next_schedule",
        )
    if asked.next_schedule is asked.schedule or asked.next_schedule not in _SWITCHES:
        raise InvalidInput(
            "A plan changes to annual or monthly, from another schedule.", code="no_change", field="next_schedule"
        )


def _entries(asked: ImportPlan) -> Sequence[OpeningEntry]:
    if asked.ledger:
        return asked.ledger
    following = asked.licenses if asked.licenses_at_next_renewal is None else asked.licenses_at_next_renewal
    return [
        OpeningEntry(
            event_time=asked.period_start,
            is_renewal=True,
            licenses=asked.licenses,
            licenses_at_next_renewal=following,
        )
    ]


def _plan(facts: StartFacts, asked: ImportPlan, tier: Tier, at: datetime) -> Plan:
    anchor, seen = without_microseconds(asked.anchor or asked.period_start), facts.last_observation
    price, percent = _price(facts, asked, tier)
    leap = facts.settings.leap_february
    return Plan(
        id=facts.plan_id,
        customer_id=facts.customer.id,
        tier=tier.code,
        schedule=asked.schedule,
        status=_status(asked),
        currency=facts.customer.currency,
        price_per_license=price,
        fixed_price=asked.fixed_price,
        license_management=LicenseManagement.AUTOMATIC if asked.fixed_price is not None else asked.license_management,
        collection_method=asked.collection_method,
        billing_cycle_anchor=anchor,
        next_invoice_date=asked.period_end if asked.in_trial else first_step_after(anchor, 1, at, leap_february=leap),
        end_date=_end_date(facts, asked, anchor, at),
        discount_percent=percent,
        seats_observed_through=seen.observed_at if seen else at - MICROSECOND,
        parallel_run_since=at if asked.parallel_run else None,
    )


def _status(asked: ImportPlan) -> PlanStatus:
    if asked.in_trial:
        return PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL if asked.ends_with_period else PlanStatus.FREE_TRIAL
    if asked.ends_with_period:
        return PlanStatus.DOWNGRADE_AT_END_OF_CYCLE
    return _SWITCHES[asked.next_schedule] if asked.next_schedule else PlanStatus.ACTIVE


def _end_date(facts: StartFacts, asked: ImportPlan, anchor: datetime, at: datetime) -> datetime | None:
    """Return when the plan ends: a fixed price with the year that it was agreed for."""
    if asked.end_date is not None or asked.fixed_price is None:
        return without_microseconds(asked.end_date) if asked.end_date else None
    return first_step_after(anchor, 12, at, leap_february=facts.settings.leap_february)


def _price(facts: StartFacts, asked: ImportPlan, tier: Tier) -> tuple[int | None, str | None]:
    currency = facts.customer.currency
    if asked.fixed_price is not None:
        in_steps(asked.fixed_price, currency, "fixed_price")
        return None, None
    if asked.price_per_license is None:
        price = price_per_license(facts.catalog, tier.code, asked.schedule, currency, facts.customer)
        return price.amount, price.percent_off
    amount = in_steps(asked.price_per_license, currency, "price_per_license")
    listed = _listed(tier, asked.schedule, currency)
    return amount, None if listed is None else percent_off(listed, amount)


def _listed(tier: Tier, schedule: Schedule, currency: str) -> int | None:
    """Return the list price, None where the tier is not sold like that any more."""
    try:
        return tier.price(schedule, currency)
    except InvalidInput:
        return None

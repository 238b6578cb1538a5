"""What the plans that run renew at, and when: by tier and currency, and as a forecast (rules 38.1 and 38.5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.calendar import add_months, steps_between
from billflow.domain.coupons import AttachedCoupon
from billflow.domain.plan import PlanStatus
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.models.contracts.business import RenewalDay, RenewalForecast, TierRevenue
from billflow.models.contracts.customers import CustomerStatus
from billflow.models.tables import CustomerPlan, CustomerRow
from billflow.store.access.tax_records import current_settings
from billflow.store.customers.revenue import net_share_of, renews_at
from billflow.store.customers.transactions import RUNS
from billflow.store.offers.coupon_records import coupons_by_customer
from billflow.store.plans.add_ons import add_on_amounts
from billflow.store.plans.mapping import in_parallel_run
from billflow.store.plans.records import STATES

FORECAST = timedelta(days=30)
"""How far ahead renewals are told."""

_ENDS = (PlanStatus.DOWNGRADE_AT_END_OF_CYCLE, PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END)
_RUNNING = select(CustomerPlan.id).where(RUNS)
_ALL = Fraction(1)


@dataclass(frozen=True)
class RunningPlan:
    """A plan that runs, of an active customer, and what it renews at: `monthly`, and the `next_cycle` for all of it.

    What another system bills still is no revenue (rules 41.3): `recurs` tells that it is ours by now. `renews_at` is
    when that begins, None where it isn't within `FORECAST`.
    """

    row: CustomerPlan
    customer_name: str
    tier_name: str
    licenses: int
    licenses_at_next_renewal: int
    monthly: int
    renews_at: datetime | None
    next_cycle: int
    recurs: bool


@dataclass(frozen=True)
class _Terms:
    """What the amounts of all plans go by; `now` is the time that a plan lives in."""

    now: datetime
    settings: BillingSettings
    add_ons: Mapping[UUID, int]
    coupons: Mapping[UUID, AttachedCoupon]
    shares: Mapping[UUID, Fraction]

    def at(self, now: datetime) -> Self:
        """Return the same for a plan that lives in another time."""
        return self if now == self.now else replace(self, now=now)


async def running_plans(session: AsyncSession, now: datetime) -> list[RunningPlan]:
    """Return the plans that run, trials included, of active customers."""
    settings = await current_settings(session, DEFAULT_SETTINGS)
    terms = _Terms(
        now=now,
        settings=settings,
        add_ons=await add_on_amounts(session, _RUNNING),
        coupons=await coupons_by_customer(session),
        shares=await _shares(session, settings, now),
    )
    rows = await session.execute(STATES.where(RUNS, CustomerRow.status == CustomerStatus.ACTIVE))
    return [
        _running(row, licenses or 0, renewing or 0, (tier_name, name), terms.at(clock_at or now))
        for row, _, clock_at, licenses, renewing, tier_name, name in rows
    ]


async def _shares(session: AsyncSession, settings: BillingSettings, now: datetime) -> dict[UUID, Fraction]:
    """Return which part of the prices is no tax, by customer, where prices contain it at all."""
    tax = settings.tax.at(now)
    if not any(rate.inclusive for rate in tax.rates):
        return {}
    running = select(CustomerPlan.customer_id).where(RUNS)
    customers = await session.scalars(select(CustomerRow).where(CustomerRow.id.in_(running)))
    return {one.id: net_share_of(one, tax, now) for one in customers}


def _running(row: CustomerPlan, licenses: int, renewing: int, names: tuple[str, str], terms: _Terms) -> RunningPlan:
    at, soon = _next_cycle(row, terms.settings, terms.now), terms.now + FORECAST
    if at and in_parallel_run(row, at):
        at = None
    add_ons, coupon = terms.add_ons.get(row.id, 0), terms.coupons.get(row.customer_id)
    share = terms.shares.get(row.customer_id, _ALL)
    announced = row.next_price if at and row.next_price_from and row.next_price_from <= at else None
    months = row.schedule.months
    return RunningPlan(
        row=row,
        tier_name=names[0],
        customer_name=names[1],
        licenses=licenses,
        licenses_at_next_renewal=renewing,
        monthly=renews_at(row, renewing, add_ons=add_ons, coupon=coupon, share=share),
        renews_at=at if at and at < soon else None,
        next_cycle=renews_at(
            row, renewing, add_ons=add_ons, coupon=coupon, share=share, months=months, price=announced
        ),
        recurs=not in_parallel_run(row, terms.now),
    )


def _next_cycle(row: CustomerPlan, settings: BillingSettings, now: datetime) -> datetime | None:
    """Return when the plan's next cycle begins, None for one that is in its trial, on hold, or ends by then."""
    if row.status.in_trial or row.status in _ENDS or row.attention_code is not None:
        return None
    months, leap = row.schedule.months, settings.leap_february
    cycles = steps_between(row.billing_cycle_anchor, months, now, leap_february=leap) + 1
    begins = add_months(row.billing_cycle_anchor, cycles * months, leap_february=leap)
    return begins if row.end_date is None or row.end_date > begins else None


def by_tier(plans: Iterable[RunningPlan]) -> tuple[TierRevenue, ...]:
    """Sum what plans renew at by currency and tier."""
    groups: dict[tuple[str, str], list[RunningPlan]] = {}
    for plan in plans:
        if plan.recurs:
            groups.setdefault((plan.row.currency, plan.row.tier), []).append(plan)
    return tuple(_of_tier(*key, groups[key]) for key in sorted(groups))


def _of_tier(currency: str, tier: str, plans: list[RunningPlan]) -> TierRevenue:
    bought = [plan for plan in plans if not plan.row.status.in_trial]
    monthly = sum(plan.monthly for plan in plans)
    return TierRevenue(
        currency=currency,
        tier=tier,
        tier_name=plans[0].tier_name,
        plans=len(bought),
        trials=len(plans) - len(bought),
        licenses=sum(plan.licenses for plan in bought),
        members=sum(plan.row.seen_members or 0 for plan in bought),
        guests=sum(plan.row.seen_guests or 0 for plan in bought),
        monthly=monthly,
        yearly=12 * monthly,
    )


def forecast(plans: Iterable[RunningPlan]) -> list[RenewalForecast]:
    """Return the plans that renew for something within `FORECAST`, the next one first."""
    return sorted(_renewals(plans), key=lambda one: (one.at, one.plan_id))


def _renewals(plans: Iterable[RunningPlan]) -> Iterator[RenewalForecast]:
    for plan in plans:
        if plan.renews_at is not None and plan.next_cycle:
            yield RenewalForecast(
                plan_id=str(plan.row.id),
                customer_id=str(plan.row.customer_id),
                customer_name=plan.customer_name,
                tier=plan.row.tier,
                tier_name=plan.tier_name,
                at=plan.renews_at,
                currency=plan.row.currency,
                licenses=plan.licenses_at_next_renewal,
                amount=plan.next_cycle,
            )


def by_day(renewals: Iterable[RenewalForecast]) -> tuple[RenewalDay, ...]:
    """Sum renewals by day and currency."""
    groups: dict[tuple[object, str], list[RenewalForecast]] = {}
    for one in renewals:
        groups.setdefault((one.at.date(), one.currency), []).append(one)
    return tuple(
        RenewalDay(
            day=found[0].at.date(),
            currency=currency,
            plans=len(found),
            licenses=sum(one.licenses for one in found),
            amount=sum(one.amount for one in found),
        )
        for (_, currency), found in groups.items()
    )

"""The scenarios of the demo: what each customer buys, and what it does on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from billflow.demo.seats_csv import Organization
from billflow.domain import commands as c
from billflow.domain.calendar import add_months
from billflow.domain.catalog import Catalog, Hosting, Role, Tier
from billflow.domain.coupons import Coupon
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.adjustments import Amount
from billflow.models.contracts.base import Command, RequestMoment
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.catalog_changes import PriceChangeCreate
from billflow.models.contracts.customers import Count
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD

TRIAL_DAYS = 30
FIXED_PRICE = 250_000
USUAL_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """Something that happens at a moment: people come or go, a command, another card on file, or money given back.

    `members` and `guests` are how many there are from then on, `refund` and `credit_note` what is given back to the
    card of the newest invoice that is paid, in minor units.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (a constant that pydantic looks for)

    at: RequestMoment
    command: Command | None = None
    card: str | None = None
    members: Count | None = None
    guests: Count = 0
    refund: Amount | None = None
    credit_note: Amount | None = None


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A catalogue with other prices that is applied at a moment, and announced to who runs on one of its tiers."""

    at: datetime
    before: Catalog
    after: CatalogDocument
    asked: PriceChangeCreate


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One customer's scenario: when it starts, what it buys, its card and its steps in time order.

    `coupon` is the one that its purchase names. `country` and `tax_id` are what decides on its `tax`.
    """

    organization: Organization
    starts_at: datetime
    ends_at: datetime
    start: StartPlan
    steps: tuple[ScenarioStep, ...] = ()
    card: str = GOOD_CARD
    description: str = ""
    currency: str = USUAL_CURRENCY
    email: str | None = None
    language: str = "en-US"
    price_change: PriceChange | None = None
    coupon: Coupon | None = None
    country: str | None = None
    tax_id: str | None = None
    tax: TaxDocument | None = None


@dataclass(frozen=True, slots=True)
class _Template:
    """A plan to buy, and steps as months after the start."""

    description: str
    start: StartPlan
    steps: Sequence[tuple[int, c.PlanCommand | str]] = field(default=())


def _templates(tier: Tier, currency: str) -> Iterator[_Template]:
    """Yield what the customers do on *tier*, as far as it is sold so, and at a fixed price on one it upgrades to."""
    sold = tier.prices[currency]
    start = StartPlan(tier=tier.code, schedule=min(sold, key=lambda schedule: schedule.months))
    first, last = start, replace(start, schedule=max(sold, key=lambda schedule: schedule.months))
    often, seldom = first.schedule, last.schedule
    yield _Template(f"{often}", first)
    yield _Template(f"{seldom}", last)
    if days := min(tier.trial_days, TRIAL_DAYS):
        yield _Template(f"{often}, {days}-day trial", replace(first, trial_days=days))
    if Schedule.ANNUAL in sold and often is not Schedule.ANNUAL:
        yield _Template(f"{often}, switches to annual", first, [(14, c.SwitchToAnnual())])
    yield _Template(f"{often}, card declined for a while", first, [(9, DECLINING_CARD), (12, GOOD_CARD)])
    if days:
        yield _Template(f"{seldom}, {days}-day trial", replace(last, trial_days=days))
    yield _Template(
        f"{often}, downgrade canceled", first, [(6, c.DowngradeAtEndOfCycle()), (6, c.CancelScheduledChange())]
    )
    fixed = replace(start, schedule=Schedule.MONTHLY, fixed_price=FIXED_PRICE)
    yield _Template("fixed price, 12 instalments", replace(fixed, tier=next(iter(tier.upgrades_to), tier.code)))
    if Schedule.MONTHLY in sold and seldom is not Schedule.MONTHLY:
        yield _Template(f"{seldom}, switches to monthly", last, [(5, c.SwitchToMonthly())])
    yield _Template(f"{often}, downgrades", first, [(20, c.DowngradeAtEndOfCycle())])


def _usual(catalog: Catalog) -> Tier:
    """Return what is usually bought: what customers try, or else the first tier by the seat."""
    by_the_seat = (tier for tier in catalog.tiers.values() if tier.billable and tier.prices and not tier.retired)
    usual = catalog.holding(Role.DEFAULT_TRIAL, Hosting.CLOUD)
    found = usual or next((tier for tier in by_the_seat if tier.suits(Hosting.CLOUD)), None)
    if found is None or not found.prices:
        raise InvalidInput(
            "The catalogue has no tier by the seat that a cloud customer can buy; add one.", field="tier"
        )
    return found


def scenarios(
    organizations: Sequence[Organization], catalog: Catalog, ends_at: datetime | None = None
) -> tuple[Scenario, ...]:
    """Give each organization a scenario in turn; all last until *ends_at*, or a month after the last observation.

    Who would start after the end has none.
    """
    newest, tier = max(one.observations[-1].observed_at for one in organizations), _usual(catalog)
    currencies = sorted(tier.prices, key=lambda currency: (currency != USUAL_CURRENCY, currency))
    templates = tuple(_templates(tier, currencies[0]))
    end = ends_at or add_months(newest, 1)
    made = (_scenario(one, templates[i % len(templates)], end) for i, one in enumerate(organizations))
    made = (replace(scenario, currency=currencies[0]) for scenario in made)
    return tuple(scenario for scenario in made if scenario.starts_at < end)


def _scenario(organization: Organization, template: _Template, ends_at: datetime) -> Scenario:
    starts_at = _start(organization)
    steps = tuple(step for step in _steps(template, starts_at) if step.at < ends_at)
    return Scenario(
        organization=organization,
        starts_at=starts_at,
        ends_at=ends_at,
        start=template.start,
        steps=steps,
        description=template.description,
    )


def _start(organization: Organization) -> datetime:
    # Spread over the day, as customers are: a plan renews at the time of day at which it was bought.
    offset = timedelta(seconds=sum(map(ord, organization.name)) * 37 % 86_400)
    first = organization.observations[0].observed_at.date()
    return datetime.combine(first, time(), tzinfo=UTC) + offset


def _steps(template: _Template, starts_at: datetime) -> Iterator[ScenarioStep]:
    for number, (months, action) in enumerate(template.steps, start=1):
        at = add_months(starts_at, months) + timedelta(days=10 + number)
        yield ScenarioStep(at, card=action) if isinstance(action, str) else ScenarioStep(at, command=action)

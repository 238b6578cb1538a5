"""The parts the demo's customers play: what each buys, and what happens to it on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from billflow.demo.seats_csv import Organization
from billflow.domain.calendar import add_months
from billflow.domain.catalog import Catalog, Hosting, Role
from billflow.domain.commands import (
    CancelScheduledChange,
    DowngradeAtEndOfCycle,
    PlanCommand,
    SwitchToAnnual,
    SwitchToMonthly,
)
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan

GOOD_CARD = "pm_card_visa"
DECLINED_CARD = "pm_card_chargeCustomerFail"
TRIAL_DAYS = 30
FIXED_PRICE = 250_000


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """Something that happens at a moment: a command, or another card on file."""

    at: datetime
    command: PlanCommand | None = None
    card: str | None = None


@dataclass(frozen=True, slots=True)
class PlanToPlay:
    """One customer's part: when it starts, what it buys, its card and its scenes in time order."""

    organization: Organization
    starts_at: datetime
    ends_at: datetime
    asked: StartPlan
    scenes: tuple[ScenarioStep, ...] = ()
    card: str = GOOD_CARD
    description: str = ""


@dataclass(frozen=True, slots=True)
class _Role:
    """A plan to buy, and scenes as months after the start."""

    description: str
    asked: StartPlan
    scenes: Sequence[tuple[int, PlanCommand | str]] = field(default=())


def _roles(catalog: Catalog) -> tuple[_Role, ...]:
    """Return what the customers do, on the usual tier and, at a fixed price, on the one it upgrades to."""
    usual = catalog.in_role(Role.DEFAULT, Hosting.CLOUD)
    monthly = StartPlan(tier=usual.code, schedule=Schedule.MONTHLY)
    annual = replace(monthly, schedule=Schedule.ANNUAL)
    fixed = replace(monthly, tier=usual.upgrades_to[0], fixed_price=FIXED_PRICE)
    return (
        _Role("monthly", monthly),
        _Role("annual", annual),
        _Role("monthly, 30-day trial", replace(monthly, trial_days=TRIAL_DAYS)),
        _Role("monthly, switches to annual", monthly, [(14, SwitchToAnnual())]),
        _Role("monthly, card declined for a while", monthly, [(9, DECLINED_CARD), (12, GOOD_CARD)]),
        _Role("annual, 30-day trial", replace(annual, trial_days=TRIAL_DAYS)),
        _Role("monthly, downgrade canceled", monthly, [(6, DowngradeAtEndOfCycle()), (6, CancelScheduledChange())]),
        _Role("fixed price, 12 instalments", fixed),
        _Role("annual, switches to monthly", annual, [(5, SwitchToMonthly())]),
        _Role("monthly, downgrades", monthly, [(20, DowngradeAtEndOfCycle())]),
    )


def cast(
    organizations: Sequence[Organization], catalog: Catalog, ends_at: datetime | None = None
) -> tuple[PlanToPlay, ...]:
    """Give each organization its part, the roles in turn; all play until *ends_at*, or a month after the last row.

    Who would start after the end has no part.
    """
    newest, roles = max(organization.observations[-1].observed_at for organization in organizations), _roles(catalog)
    end = ends_at or add_months(newest, 1)
    parts = (_part(organization, roles[i % len(roles)], end) for i, organization in enumerate(organizations))
    return tuple(part for part in parts if part.starts_at < end)


def _part(organization: Organization, role: _Role, ends_at: datetime) -> PlanToPlay:
    starts_at = _start(organization)
    scenes = tuple(scene for scene in _scenes(role, starts_at) if scene.at < ends_at)
    return PlanToPlay(organization, starts_at, ends_at, role.asked, scenes, description=role.description)


def _start(organization: Organization) -> datetime:
    # Spread over the day, as customers are: a plan renews at the time of day at which it was bought.
    offset = timedelta(seconds=sum(map(ord, organization.name)) * 37 % 86_400)
    first = organization.observations[0].observed_at.date()
    return datetime.combine(first, time(), tzinfo=UTC) + offset


def _scenes(role: _Role, starts_at: datetime) -> Iterator[ScenarioStep]:
    for number, (months, action) in enumerate(role.scenes, start=1):
        at = add_months(starts_at, months) + timedelta(days=10 + number)
        yield ScenarioStep(at, card=action) if isinstance(action, str) else ScenarioStep(at, command=action)

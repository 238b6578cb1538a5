"""The scenarios of the demo: what each customer buys, and what it does on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from billflow.demo.seats_csv import Organization
from billflow.domain import commands as c
from billflow.domain.calendar import add_months
from billflow.domain.catalog import Catalog, Hosting, Role
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD

TRIAL_DAYS = 30
FIXED_PRICE = 250_000


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """Something that happens at a moment: a command, or another card on file."""

    at: datetime
    command: c.PlanCommand | None = None
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One customer's scenario: when it starts, what it buys, its card and its steps in time order."""

    organization: Organization
    starts_at: datetime
    ends_at: datetime
    start: StartPlan
    steps: tuple[ScenarioStep, ...] = ()
    card: str = GOOD_CARD
    description: str = ""


@dataclass(frozen=True, slots=True)
class _Template:
    """A plan to buy, and steps as months after the start."""

    description: str
    start: StartPlan
    steps: Sequence[tuple[int, c.PlanCommand | str]] = field(default=())


def _templates(catalog: Catalog) -> tuple[_Template, ...]:
    """Return what the customers do, on the usual tier and, at a fixed price, on the one it upgrades to."""
    usual = catalog.in_role(Role.DEFAULT, Hosting.CLOUD)
    monthly = StartPlan(tier=usual.code, schedule=Schedule.MONTHLY)
    annual = replace(monthly, schedule=Schedule.ANNUAL)
    fixed = replace(monthly, tier=usual.upgrades_to[0], fixed_price=FIXED_PRICE)
    return (
        _Template("monthly", monthly),
        _Template("annual", annual),
        _Template("monthly, 30-day trial", replace(monthly, trial_days=TRIAL_DAYS)),
        _Template("monthly, switches to annual", monthly, [(14, c.SwitchToAnnual())]),
        _Template("monthly, card declined for a while", monthly, [(9, DECLINING_CARD), (12, GOOD_CARD)]),
        _Template("annual, 30-day trial", replace(annual, trial_days=TRIAL_DAYS)),
        _Template(
            "monthly, downgrade canceled", monthly, [(6, c.DowngradeAtEndOfCycle()), (6, c.CancelScheduledChange())]
        ),
        _Template("fixed price, 12 instalments", fixed),
        _Template("annual, switches to monthly", annual, [(5, c.SwitchToMonthly())]),
        _Template("monthly, downgrades", monthly, [(20, c.DowngradeAtEndOfCycle())]),
    )


def scenarios(
    organizations: Sequence[Organization], catalog: Catalog, ends_at: datetime | None = None
) -> tuple[Scenario, ...]:
    """Give each organization a scenario in turn; all last until *ends_at*, or a month after the last observation.

    Who would start after the end has none.
    """
    newest, templates = max(one.observations[-1].observed_at for one in organizations), _templates(catalog)
    end = ends_at or add_months(newest, 1)
    made = (_scenario(one, templates[i % len(templates)], end) for i, one in enumerate(organizations))
    return tuple(scenario for scenario in made if scenario.starts_at < end)


def _scenario(organization: Organization, template: _Template, ends_at: datetime) -> Scenario:
    starts_at = _start(organization)
    steps = tuple(step for step in _steps(template, starts_at) if step.at < ends_at)
    return Scenario(organization, starts_at, ends_at, template.start, steps, description=template.description)


def _start(organization: Organization) -> datetime:
    # Spread over the day, as customers are: a plan renews at the time of day at which it was bought.
    offset = timedelta(seconds=sum(map(ord, organization.name)) * 37 % 86_400)
    first = organization.observations[0].observed_at.date()
    return datetime.combine(first, time(), tzinfo=UTC) + offset


def _steps(template: _Template, starts_at: datetime) -> Iterator[ScenarioStep]:
    for number, (months, action) in enumerate(template.steps, start=1):
        at = add_months(starts_at, months) + timedelta(days=10 + number)
        yield ScenarioStep(at, card=action) if isinstance(action, str) else ScenarioStep(at, command=action)

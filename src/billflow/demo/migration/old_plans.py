"""What the sixteen organizations have at the system that they move away from, and what each of it must come to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from billflow.demo.seats_csv import Organization
from billflow.domain.calendar import add_months
from billflow.domain.errors import InvalidInput
from billflow.domain.money import Rounding, rounded


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BEGIN = _at("2024-01-02T09:00")
MOVED = _at("2026-01-05T12:00")
COMPARED = _at("2026-04-06T12:00")
END = _at("2027-04-06T12:00")
"""From when on the old system bills, when it is imported, when three months are compared, and when it ends."""

PROMISED_AT = _at("2026-03-20T15:00")
"""When somebody promises another price, and changes it at the old system by hand, for billflow to find."""

QUARTER_DAYS = tuple(_at(f"{year}-{month:02}-15T10:00") for year in (2024, 2025) for month in (2, 5, 8, 11))
"""When somebody sets the quantities of the old system to what the seats are."""


@dataclass(frozen=True, slots=True)
class OldPrice:
    """A price of the old system: minor units for a license and so many months; its products are its tiers."""

    product: str
    amount: int
    currency: str
    months: int

    @property
    def recurring(self) -> dict[str, object]:
        """Return how Stripe says how often it is paid."""
        annual = self.months % 12 == 0
        return {"interval": "year" if annual else "month", "interval_count": 1 if annual else self.months}


PRICES = {
    "team_monthly": OldPrice("team", 700, "usd", 1),
    "team_annual": OldPrice("team", 7000, "usd", 12),
    "team_quarterly": OldPrice("team", 2000, "usd", 3),
    "team_monthly_eur": OldPrice("team", 650, "eur", 1),
    "business_monthly": OldPrice("business", 1100, "usd", 1),
    "business_annual": OldPrice("business", 11_000, "usd", 12),
}
PROMISED = OldPrice("team", 650, "usd", 1)
PRODUCTS = {"team": "Team", "business": "Business"}

LEAST = {"team": 1, "business": 10}
"""The least that is sold of a product."""


@dataclass(frozen=True, slots=True)
class OldCoupon:
    """A coupon of the old system: percent off for so many months, or for as long as the plan lasts."""

    percent: int
    months: int | None = None


COUPONS = {"PARTNER": OldCoupon(20), "WELCOME": OldCoupon(50, 28)}


@dataclass(frozen=True, slots=True, kw_only=True)
class OldPlan:
    """What an organization has at the old system.

    Where its licenses are `counted`, they are set to its seats on these days, and the rest of the period is prorated.
    `becomes` is the price to which a schedule leads at the end of the period in which it moves. An organization that
    is `promised` a price has that from its next period on.
    """

    organization: str
    price: str
    starts_at: datetime
    counted: tuple[datetime, ...] = ()
    coupon: str | None = None
    trial_days: int = 0
    by_invoice: bool = False
    becomes: str | None = None
    promised: bool = False

    @property
    def description(self) -> str:
        """Return in a few words what is special about it."""
        price = PRICES[self.price]
        every = {1: "monthly", 3: "quarterly", 12: "annual"}[price.months]
        words = [f"{PRODUCTS[price.product]} {every}"]
        words += ["prorations"] if self.counted else []
        words += [f"coupon {self.coupon}"] if self.coupon else []
        words += [f"{self.trial_days}-day trial"] if self.trial_days else []
        words += ["pays by invoice"] if self.by_invoice else []
        words += ["becomes annual"] if self.becomes else []
        return ", ".join(words)


OLD_PLANS = (
    OldPlan(organization="anyio", price="team_monthly", starts_at=_at("2024-01-03T09:30"), promised=True),
    OldPlan(organization="structlog", price="team_monthly", starts_at=_at("2024-01-17T07:45"), becomes="team_annual"),
    OldPlan(organization="lago-api", price="business_monthly", starts_at=_at("2024-01-11T08:15"), counted=QUARTER_DAYS),
    OldPlan(organization="openmeter", price="team_monthly", starts_at=_at("2024-02-09T14:00"), coupon="WELCOME"),
    OldPlan(organization="attrs", price="team_annual", starts_at=_at("2024-01-20T10:00")),
    OldPlan(organization="dispatch", price="team_monthly", starts_at=_at("2024-01-28T11:00"), by_invoice=True),
    OldPlan(organization="flexprice", price="team_monthly", starts_at=_at("2025-12-20T16:00"), trial_days=30),
    OldPlan(organization="httpx", price="team_annual", starts_at=_at("2024-02-25T12:00")),
    OldPlan(organization="killbill", price="team_monthly", starts_at=_at("2024-01-31T18:00")),
    OldPlan(organization="logfire", price="team_monthly", starts_at=_at("2024-01-22T13:20"), coupon="PARTNER"),
    OldPlan(organization="polar", price="team_monthly", starts_at=_at("2024-01-08T20:10"), counted=QUARTER_DAYS),
    OldPlan(organization="pydantic", price="business_monthly", starts_at=_at("2024-01-14T06:00"), counted=QUARTER_DAYS),
    OldPlan(organization="starlette", price="team_monthly_eur", starts_at=_at("2024-01-25T15:00")),
    OldPlan(organization="stripe-python", price="team_quarterly", starts_at=_at("2024-02-15T09:00")),
    OldPlan(
        organization="temporal",
        price="business_annual",
        starts_at=_at("2024-03-10T10:30"),
        counted=QUARTER_DAYS[3:4],
    ),
    OldPlan(
        organization="temporal-sdk-python",
        price="team_monthly",
        starts_at=_at("2024-01-19T17:30"),
        counted=QUARTER_DAYS,
    ),
)
"""In the order in which `--only` takes them."""


def licenses_at(plan: OldPlan, seats: Organization, at: datetime) -> int:
    """Return how many licenses a plan has: its seats when it began, or when they were counted last."""
    counted = [day for day in plan.counted if plan.starts_at < day <= at]
    day = max([plan.starts_at, *counted])
    seen = [one.members + one.guests for one in seats.observations if one.observed_at <= day]
    return max(seen[-1] if seen else 0, LEAST[PRICES[plan.price].product])


@dataclass(frozen=True, slots=True)
class OldPeriod:
    """A period that has to be billed once, by whichever system, and what it costs; amounts in minor units."""

    start: datetime
    end: datetime
    amount: int


def periods_of(plan: OldPlan, seats: Organization, until: datetime) -> Iterator[OldPeriod]:
    """Return each period that begins before *until* with what it costs, prorations within it left aside."""
    begin = plan.starts_at + timedelta(days=plan.trial_days)
    anchor, n, price = begin, 0, PRICES[plan.price]
    while (start := add_months(anchor, n * price.months)) < until:
        if plan.becomes and price is PRICES[plan.price] and start > MOVED:
            anchor, n, price = start, 0, PRICES[plan.becomes]
        price = PROMISED if plan.promised and start > PROMISED_AT else price
        n += 1
        full = price.amount * licenses_at(plan, seats, start)
        yield OldPeriod(start, add_months(anchor, n * price.months), full - _off(plan, begin, start, full))


def _off(plan: OldPlan, begin: datetime, start: datetime, full: int) -> int:
    coupon = COUPONS[plan.coupon] if plan.coupon else None
    if coupon is None or (coupon.months is not None and start >= add_months(begin, coupon.months)):
        return 0
    return rounded(Fraction(full * coupon.percent, 100), Rounding.HALF_UP)


def old_plans(organizations: Sequence[Organization], only: int | None) -> list[tuple[OldPlan, Organization]]:
    """Return the first *only* plans, each with its seats; raises `InvalidInput` where an organization is missing."""
    by_name = {one.name: one for one in organizations}
    missing = [plan.organization for plan in OLD_PLANS if plan.organization not in by_name]
    if missing:
        raise InvalidInput(f"The seats of {', '.join(missing)} are missing; restore the example's CSV.", field="csv")
    return [(plan, by_name[plan.organization]) for plan in OLD_PLANS[:only]]

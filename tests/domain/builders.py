"""Plans, customers and facts with good defaults, and money as people say it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from billflow.domain.catalog import AddOn, Catalog, Hosting, Tier
from billflow.domain.customer import CustomerTerms
from billflow.domain.ledger import LedgerEntry
from billflow.domain.plan import CollectionMethod, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.seats import SeatObservation
from billflow.domain.step import Facts
from billflow.models.contracts.catalog import CLOUD_AND_SELF_HOSTED, catalog_from_toml, example_text

START = datetime(2024, 1, 31, 10, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    """Read a day, or a moment, as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def usd(text: str) -> int:
    """Read dollars and cents as minor units."""
    dollars, _, cents = text.partition(".")
    return int(dollars) * 100 + int(cents or 0)


@cache
def catalog() -> Catalog:
    """Return the catalogue of the seeds, which here sells by the quarter and the half year too."""
    sold = catalog_from_toml(example_text(CLOUD_AND_SELF_HOSTED))
    tiers = {code: replace(tier, prices=_on_every_schedule(tier)) for code, tier in sold.tiers.items()}
    add_ons = {code: replace(one, prices=_on_every_schedule(one)) for code, one in sold.add_ons.items()}
    return Catalog(tiers, add_ons=add_ons)


def _on_every_schedule(sold: Tier | AddOn) -> dict[str, dict[Schedule, int]]:
    by_months = (Schedule.QUARTERLY, Schedule.HALF_YEARLY)
    return {
        currency: {**row, **{schedule: schedule.months * row[Schedule.MONTHLY] for schedule in by_months}}
        for currency, row in sold.prices.items()
    }


def a_customer(**changes: Any) -> CustomerTerms:
    return replace(CustomerTerms(id="customer", hosting=Hosting.CLOUD), **changes)


def a_plan(**changes: Any) -> Plan:
    plan = Plan(
        id="plan",
        customer_id="customer",
        tier="cloud_standard",
        schedule=Schedule.MONTHLY,
        status=PlanStatus.ACTIVE,
        currency="USD",
        price_per_license=800,
        license_management=LicenseManagement.AUTOMATIC,
        collection_method=CollectionMethod.CHARGE_AUTOMATICALLY,
        billing_cycle_anchor=START,
        next_invoice_date=at("2024-02-29T10:00"),
        seats_observed_through=START,
    )
    return replace(plan, **changes)


def an_entry(seq: int, moment: datetime, licenses: int, following: int | None = None, **changes: Any) -> LedgerEntry:
    entry = LedgerEntry(
        seq=seq,
        event_time=moment,
        is_renewal=seq == 1,
        licenses=licenses,
        licenses_at_next_renewal=licenses if following is None else following,
        allocated=seq == 1,
    )
    return replace(entry, **changes)


def seats(moment: datetime, members: int, guests: int = 0) -> SeatObservation:
    return SeatObservation(observed_at=moment, members=members, guests=guests)


def some_facts(**changes: Any) -> Facts:
    """Return the facts of a monthly plan of ten licenses that has just begun."""
    facts = Facts(
        plan=a_plan(),
        customer=a_customer(),
        catalog=catalog(),
        ledger=(an_entry(1, START, 10),),
        last_observation=seats(START, 10),
    )
    return replace(facts, **changes)

"""How long the pure domain takes: `python bench/domain.py [--json] [--seconds N]`.

Prices a billing date with a ledger of 100 entries (goal: under 200 microseconds), forecasts 12 months (under 10 ms).
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter_ns

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.customer import CustomerTerms
from billflow.domain.ledger import LedgerEntry
from billflow.domain.plan import CollectionMethod, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.preview import forecast
from billflow.domain.seats import SeatObservation
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts
from billflow.models.contracts.catalog import CLOUD_AND_SELF_HOSTED, catalog_from_toml, example_text

START = datetime(2026, 1, 31, 10, tzinfo=UTC)
BILLING_DATE = datetime(2026, 2, 28, 10, tzinfo=UTC)
ENTRIES = 100
CATALOG = catalog_from_toml(example_text(CLOUD_AND_SELF_HOSTED))


@dataclass(frozen=True)
class Timing:
    """How long one call took, in microseconds: the median, the slowest of the fastest 95 %, and the goal."""

    name: str
    runs: int
    median_us: float
    p95_us: float
    goal_us: float

    @property
    def holds(self) -> bool:
        """Tell whether the median meets the goal."""
        return self.median_us <= self.goal_us


def facts(entries: int, *, bundle: bool = True) -> Facts:
    """Return a monthly plan whose ledger has *entries*, all but the first of them still to be billed."""
    step = (BILLING_DATE - START) / (entries + 1)
    ledger = [
        LedgerEntry(
            seq=seq,
            event_time=START + (seq - 1) * step,
            is_renewal=seq == 1,
            licenses=9 + seq,
            licenses_at_next_renewal=9 + seq,
            allocated=seq == 1,
        )
        for seq in range(1, entries + 1)
    ]
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
        next_invoice_date=BILLING_DATE,
        seats_observed_through=BILLING_DATE - timedelta(hours=1),
    )
    return Facts(
        plan=plan,
        customer=CustomerTerms(id="customer", hosting=Hosting.CLOUD),
        catalog=CATALOG,
        ledger=tuple(ledger),
        last_observation=SeatObservation(observed_at=BILLING_DATE - timedelta(hours=1), members=9 + entries, guests=0),
        settings=BillingSettings(bundle_additions_by_date=bundle),
    )


def timed(name: str, call: Callable[[], object], *, seconds: float, goal_us: float) -> Timing:
    """Call again and again for that long, and return what it took."""
    for _ in range(20):
        call()
    spans: list[int] = []
    ends = perf_counter_ns() + int(seconds * 1e9)
    while perf_counter_ns() < ends:
        start = perf_counter_ns()
        call()
        spans.append(perf_counter_ns() - start)
    spans.sort()
    return Timing(name, len(spans), spans[len(spans) // 2] / 1e3, spans[len(spans) * 95 // 100] / 1e3, goal_us)


def price(known: Facts) -> int:
    """Close the billing date and return the invoice's total, every line priced."""
    return process_billing_date(known, BILLING_DATE).invoices[0].total


def measure(seconds: float) -> list[Timing]:
    """Time everything there is a goal for."""
    bundled, single = facts(ENTRIES), facts(ENTRIES, bundle=False)
    return [
        timed("one billing date, 100 entries by day", lambda: price(bundled), seconds=seconds, goal_us=200),
        timed("one billing date, 100 entries, a line each", lambda: price(single), seconds=seconds, goal_us=500),
        timed("forecast of 12 months", lambda: forecast(facts(1), 12), seconds=seconds, goal_us=10_000),
    ]


def main() -> int:
    """Measure, print, and return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to measure each")
    options = parser.parse_args()
    timings = measure(options.seconds)
    if options.json:
        print(json.dumps([asdict(timing) | {"holds": timing.holds} for timing in timings], indent=2))
    else:
        print(f"{'':42}{'median us':>12}{'p95 us':>12}{'goal us':>12}")
        for t in timings:
            mark = "" if t.holds else "  missed"
            print(f"{t.name:42}{t.median_us:12.1f}{t.p95_us:12.1f}{t.goal_us:12.0f}{mark}")
    return 0 if all(timing.holds for timing in timings) else 1


if __name__ == "__main__":
    sys.exit(main())

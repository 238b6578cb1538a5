"""How fast every plan is billed ahead: `python bench/dry_run.py [--plans N] [--months M] [--processes P]`.

Organizations of plans are loaded into PostgreSQL, their facts recorded as of one moment, and billed by the rules of
today and by a new price. The time for 100,000 plans is what it takes for each plan more, measured by a run of half as
many, and what is the same for all runs (goal: under 10 minutes on two cores for 12 months). Seconds of processors are
told beside it, without those of PostgreSQL's, and what a forecast of 12 months takes now: a machine that does something
else meanwhile takes longer for both.
"""

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from domain import facts
from ending import run
from loading import fill_organization
from pydantic import SecretStr

from billflow.dev.folder import claimed
from billflow.dev.postgres import RUNS, as_login, embedded_postgres
from billflow.domain.calendar import add_months
from billflow.domain.catalog import Catalog
from billflow.domain.preview import forecast
from billflow.domain.rule_change import Repricing, RuleChange
from billflow.dry_run.folder import FactsFolder, results_folder
from billflow.dry_run.run import DryRun
from billflow.models.contracts.dry_run import DryRunFilter
from billflow.settings import Settings
from billflow.telemetry.logging import configure_logging
from billflow.wiring.store import Store, migrate, open_store, sell_example

TIER = "cloud_standard"
WHOLE_BOOK, MINUTES_WANTED = 100_000, 10


@dataclass(frozen=True)
class Timing:
    """Seconds for the facts of so many plans, and for billing and comparing them, and those of processors for both."""

    plans: int
    reading: float
    billing: float
    reading_used: float
    billing_used: float

    @property
    def total(self) -> float:
        """Return all seconds."""
        return self.reading + self.billing


def dearer(sold: Catalog, now: datetime) -> RuleChange:
    """Return a change that makes every plan's price another from its next renewal on."""
    tier = sold.tier(TIER)
    prices = {**tier.prices, "USD": {schedule: price + 100 for schedule, price in tier.prices["USD"].items()}}
    changed = replace(sold, tiers={**sold.tiers, TIER: replace(tier, prices=prices)})
    return RuleChange(catalog=changed, repricing=Repricing(tier=TIER, starts_at=now))


def of_children() -> float:
    """Return the seconds of processors that processes have used that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def timed(store: Store, org_id: str, folder: Path, months: int, processes: int) -> Timing:
    """Run a price change over the organization's plans."""
    facts, now = FactsFolder(folder / "facts"), datetime.now(UTC)
    begun, used = time.monotonic(), time.process_time()
    recording = await store.dry_runs.record(org_id, DryRunFilter(), facts, now, lambda *_: None)
    read, reading_used = time.monotonic(), time.process_time() - used
    change = dearer(await store.repositories.catalogs.current(org_id), now)
    results = results_folder(folder, recording, change, "")
    run = DryRun(facts=facts, recording=recording, results=results, until=add_months(now, months))
    children = of_children()
    await run.run(processes, lambda *_: None)
    billing_used = of_children() - children
    found = results.summary(recording)
    print(f"  {found.plans} plans, {found.different} differ, {[(one.cause, one.plans) for one in found.causes]}")
    return Timing(recording.plans, read - begun, time.monotonic() - read, reading_used, billing_used)


async def measure(plans: int, months: int, processes: int) -> list[Timing]:
    """Time half of the plans, and all of them."""
    with tempfile.TemporaryDirectory(prefix="billflow-") as name, claimed(folder := Path(name)) as lock:
        os.chmod(name, 0o711)  # noqa: PTH101, S103  (PostgreSQL runs as another user where we are root)
        async with embedded_postgres(folder, lock, durable=False) as (url, _):
            settings = Settings(
                database_url=SecretStr(as_login(url, RUNS)),
                database_owner_url=SecretStr(url),
                stripe_api_key=SecretStr("sk_test_bench"),
            )
            await asyncio.to_thread(migrate, settings)
            found = []
            async with open_store(settings) as store:
                for count in (plans // 2, plans):
                    org_id = await asyncio.to_thread(fill_organization, url, f"bench-{count}", count)
                    await sell_example(store.repositories.catalogs, org_id)
                    found.append(await timed(store, org_id, folder / f"run-{count}", months, processes))
    return found


def forecast_used(times: int = 100) -> float:
    """Return the milliseconds of a processor for a forecast of 12 months, which `bench/domain.py` measures too."""
    known, begun = facts(1), time.process_time()
    for _ in range(times):
        forecast(known, 12)
    return (time.process_time() - begun) / times * 1000


def main() -> int:
    """Measure, print, and return 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=4000, help="how many (%(default)s)")
    parser.add_argument("--months", type=int, default=12, help="how far ahead (%(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="how many bill at once (%(default)s)")
    options = parser.parse_args()
    configure_logging("console", "error")
    print(f"a forecast of 12 months takes {forecast_used():.2f} ms of a processor")
    half, whole = run(measure(options.plans, options.months, options.processes))
    for one in (half, whole):
        print(
            f"{one.plans} plans x {options.months} months: facts {one.reading:.1f} s, bills {one.billing:.1f} s; "
            f"of processors {one.reading_used:.1f} s and {one.billing_used:.1f} s"
        )
    used = [getattr(whole, name) - getattr(half, name) for name in ("reading_used", "billing_used")]
    more = whole.plans - half.plans
    read, billed = (seconds / more * 1000 for seconds in used)
    print(f"each plan more takes {read:.2f} ms of a processor to read and {billed:.2f} to bill")
    each = (whole.total - half.total) / more
    minutes = (whole.total + each * (WHOLE_BOOK - whole.plans)) / 60
    print(f"{each * 1000:.2f} ms for each plan more: {WHOLE_BOOK} plans in {minutes:.1f} minutes")
    return 0 if minutes <= MINUTES_WANTED else 1


if __name__ == "__main__":
    sys.exit(main())

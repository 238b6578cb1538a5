"""What `book.py` does: plans of unequal organizations come due, and each organization's last invoice is awaited."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from billflow.telemetry.logging import configure_logging
from billflow.temporal.queue_rates import set_rate
from billflow.temporal.queues import STRIPE

sys.path.append(str(Path(__file__).parent))
from book_slopes import at_ever_more_waiting, over_months
from midnight_plans import loaded, payers, started
from midnight_run import continued, database_bytes
from midnight_site import OURS, WORKER, Arm, Site, servers, working

SHARE_WANTED = 2.0
REQUESTS = 4
"""Of each invoice, one of each operation."""
PERIODS_A_YEAR = 12
TOO_MANY = '"http_status": 429'
"""What the worker's log has of each request that Stripe answered so."""


@dataclass
class Book:
    """What came of a run: when each invoice was paid, in that order, and what the processes took meanwhile."""

    sizes: Mapping[str, int]
    written: Sequence[tuple[str, float]] = ()
    paid: Sequence[tuple[str, float]] = ()
    worker: list[int] = field(default_factory=list)
    temporal: list[int] = field(default_factory=list)

    def fairness(self) -> dict[str, object]:
        """Return when organizations had their last invoice written and paid, as a share of where all take turns."""
        return {
            "invoices_per_second": round(len(self.paid) / self.paid[-1][1], 2),
            "invoices_written_per_second": round(len(self.written) / self.written[-1][1], 2),
            **self._shares("turns", self.paid),
            **self._shares("seconds", self.paid),
            **self._shares("turns_written", self.written),
        }

    def _shares(self, unit: str, order: Sequence[tuple[str, float]]) -> dict[str, float]:
        pace, shares = len(order) / order[-1][1], dict[str, float]()
        for turn, (org_id, at) in enumerate(order, start=1):
            fair = fair_turns(list(self.sizes.values()), self.sizes[org_id])
            shares[org_id] = (at * pace if unit == "seconds" else turn) / fair
        smallest = [share for org_id, share in shares.items() if self.sizes[org_id] == min(self.sizes.values())]
        return {
            f"smallest_{unit}_of_fair_share": round(max(smallest), 2),
            f"worst_{unit}_of_fair_share": round(max(shares.values()), 2),
        }

    def memory(self) -> dict[str, object]:
        """Return what worker and server held at the instant, at each quarter of the time, and at the end."""
        middle, last = self.worker[len(self.worker) // 2], self.worker[-1]
        return {
            "worker_megabytes": _quarters(self.worker),
            "temporal_megabytes": _quarters(self.temporal),
            "worker_memory_end_of_middle": round(last / middle, 2),
        }


def _quarters(memory: Sequence[int]) -> list[int]:
    return [round(memory[(len(memory) - 1) * n // 4] / 2**20) for n in range(5)]


def sizes_of(plans: int, organizations: int) -> list[int]:
    """Return how many plans each organization has: the n-th has an n-th of the first one's, and at least one."""
    weights = [1 / n for n in range(1, organizations + 1)]
    return [max(1, round(plans * weight / sum(weights))) for weight in weights]


def fair_turns(sizes: Sequence[int], size: int) -> int:
    """Return after how many invoices of all an organization of that size has sent its last, where all take turns."""
    return sum(min(other, size) for other in sizes)


async def limited(site: Site, per_second: float) -> None:
    """Let Stripe take so many invoices a second, a tenth more than are handed out."""
    rates = {"operation": per_second * 1.1, "total": per_second * REQUESTS * 1.1}
    async with httpx.AsyncClient(base_url=str(site.engine.settings.stripe_api_base), trust_env=False) as stripe:
        (await stripe.post("/_sim/settings", json={"rate_limit": rates})).raise_for_status()
    await set_rate(site.engine.client, STRIPE, per_second, reason="bench/book.py", identity="bench")


async def invoices(site: Site, org_ids: Sequence[str], due: datetime, moment: str) -> list[tuple[str, float]]:
    """Return whose invoices were written or paid by now, and how many seconds after the instant, in that order."""
    query = sql.SQL(
        "SELECT i.org_id::text, extract(epoch FROM min({moment}) - %(due)s)::float"
        " FROM invoice AS i LEFT JOIN payment_attempt AS a ON a.invoice_id = i.id AND a.outcome ->> 'kind' = 'paid'"
        " WHERE i.org_id = ANY (%(orgs)s::uuid[]) AND i.created_at >= %(due)s"
        " GROUP BY i.org_id, i.id HAVING min({moment}) IS NOT NULL ORDER BY 2"
    )
    async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
        asked = query.format(moment=sql.Identifier(*moment.split(".")))
        return await (await connection.execute(asked, {"orgs": list(org_ids), "due": due})).fetchall()


async def histories(site: Site, due: datetime) -> dict[str, object]:
    """Return what the run of a period leaves in Temporal, at the median."""
    query = f"WorkflowType = 'PlanWorkflow' AND ExecutionStatus = 'ContinuedAsNew' AND CloseTime >= '{due.isoformat()}'"
    events, sizes = list[int](), list[int]()
    async for one in site.engine.client.list_workflows(query):
        events.append(one.history_length)
        sizes.append(one.raw_info.history_size_bytes)
    event, size = sorted(events)[len(events) // 2], sorted(sizes)[len(sizes) // 2]
    return {
        "history_events_per_plan": event,
        "history_kilobytes_per_plan": round(size / 1024, 1),
        "history_events_per_plan_year": event * PERIODS_A_YEAR,
        "history_kilobytes_per_plan_year": round(size / 1024 * PERIODS_A_YEAR),
    }


async def loaded_and_started(site: Site, options: argparse.Namespace, due: datetime) -> tuple[dict[str, int], float]:
    """Write the plans of all organizations and start their workflows; return their counts, and kilobytes for each."""
    held, plans = await database_bytes(site), []
    for n, size in enumerate(sizes_of(options.plans, options.organizations)):
        plans += await loaded(site, [f"book-{n}"], await payers(site, size), due)
    grown = await database_bytes(site) - held
    await limited(site, options.per_second)
    await started(site, OURS, plans)
    org_ids = [plan.org_id for plan in plans]
    return {org_id: org_ids.count(org_id) for org_id in org_ids}, grown / 1024 / len(plans)


async def followed(site: Site, arm: Arm, sizes: Mapping[str, int], due: datetime) -> Book:
    """Wait until all is paid and every plan waits for its next date, and return what came of it."""
    book = Book(sizes)
    while len(book.paid) < sum(sizes.values()):
        uses = arm.uses(site)
        book.worker.append(uses["worker"].memory)
        book.temporal.append(uses["temporal"].memory)
        await asyncio.sleep(0.5)
        book.paid = await invoices(site, list(sizes), due, "a.created_at")
    book.written = await invoices(site, list(sizes), due, "i.created_at")
    await continued(site, arm, len(book.paid), due)
    return book


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return how each organization fared, and what the plans left behind."""
    async with servers() as site, working(site, OURS, [WORKER] * options.processes) as arm:
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=options.lead or 30 + options.plans // 8)
        sizes, loaded_kilobytes = await loaded_and_started(site, options, due)
        if (left := (due - datetime.now(UTC)).total_seconds()) < 0:
            raise SystemExit(f"The machine is too slow to start the plans in time; give --lead {-2 * left:.0f} more.")
        await asyncio.sleep(left)
        held = await database_bytes(site)
        book = await followed(site, arm, sizes, due)
        kilobytes = (await database_bytes(site) - held) / 1024 / len(book.paid)
        too_many = sum(log.read_text(errors="replace").count(TOO_MANY) for log in arm.logs)
        return {
            "plans": len(book.paid),
            "organizations": len(sizes),
            "sizes": sorted(sizes.values(), reverse=True),
            **book.fairness(),
            "answered_429": too_many,
            "lost_tasks": arm.lost,
            **book.memory(),
            **await histories(site, due),
            "database_kilobytes_of_a_loaded_plan": round(loaded_kilobytes, 1),
            "database_kilobytes_per_plan": round(kilobytes, 1),
            "database_kilobytes_per_plan_year": round(kilobytes * PERIODS_A_YEAR),
            "load_average": os.getloadavg()[0],
        }


def main() -> None:
    """Print the figures; the exit code is 1 where the smallest organizations waited for too many others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=300, help="of all organizations together (%(default)s)")
    parser.add_argument("--organizations", type=int, default=50, help="how many share them (%(default)s)")
    parser.add_argument("--per-second", type=float, default=5.0, help="invoices that Stripe takes (%(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="worker processes (%(default)s)")
    parser.add_argument("--lead", type=int, default=0, help="seconds that starting the plans may take")
    parser.add_argument(
        "--waiting", type=int, nargs="+", help="only start so many plans, and see what their waiting takes"
    )
    parser.add_argument("--keep", action="store_true", help="with --waiting: Temporal has its data in a file")
    parser.add_argument("--months", type=int, help="only bill so many months of the plans, without workflows")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    configure_logging("json", "error")
    if options.waiting:
        found = asyncio.run(at_ever_more_waiting(options.waiting, keep=options.keep))
    elif options.months:
        found = asyncio.run(over_months(options.plans, options.months))
    else:
        found = asyncio.run(measure(options))
    print(json.dumps(found) if options.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    sys.exit(float(str(found.get("smallest_turns_of_fair_share", 0))) > SHARE_WANTED)


if __name__ == "__main__":
    main()

"""What `book.py` does: plans of unequal organizations come due, and each organization's last invoice is awaited."""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg

from billflow.telemetry.logging import configure_logging
from billflow.temporal.queue_rates import set_rate
from billflow.temporal.queues import STRIPE

sys.path.append(str(Path(__file__).parent))
from midnight_plans import loaded, payers, started
from midnight_run import database_bytes
from midnight_site import OURS, Arm, Site, servers, working

SHARE_WANTED = 2.0
REQUESTS = 4
"""Of each invoice, one of each operation."""


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


async def paid(site: Site, sizes: Mapping[str, int], due: datetime, arm: Arm) -> tuple[dict[str, float], list[int]]:
    """Return after how many seconds each organization's last invoice was paid, and the worker's memory meanwhile."""
    done, memory = dict[str, float](), list[int]()
    async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
        while len(done) < len(sizes):
            memory.append(arm.uses(site)["worker"].memory)
            found = await connection.execute(
                "SELECT org_id::text, count(paid_at), max(paid_at) FROM invoice"
                " WHERE org_id = ANY (%s::uuid[]) AND created_at >= %s GROUP BY org_id",
                [list(sizes), due],
            )
            for org_id, count, last in await found.fetchall():
                if count == sizes[org_id]:
                    done.setdefault(org_id, (last - due).total_seconds())
            await asyncio.sleep(0.5)
    return done, memory


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return how each organization fared."""
    wanted = sizes_of(options.plans, options.organizations)
    async with servers() as site, working(site, OURS, ["-m", "billflow.cli", "worker"], options.processes) as arm:
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=options.lead or 30 + sum(wanted) // 8)
        plans = []
        for n, size in enumerate(wanted):
            plans += await loaded(site, [f"book-{n}"], await payers(site, size), due)
        await limited(site, options.per_second)
        await started(site, OURS, plans)
        if (left := (due - datetime.now(UTC)).total_seconds()) < 0:
            raise SystemExit(f"The machine is too slow to start the plans in time; give --lead {-2 * left:.0f} more.")
        await asyncio.sleep(left)
        sizes = {org_id: sum(plan.org_id == org_id for plan in plans) for org_id in {plan.org_id for plan in plans}}
        held, begun = await database_bytes(site), time.monotonic()
        done, memory = await paid(site, sizes, due, arm)
        seconds, grown = time.monotonic() - begun, await database_bytes(site) - held
        middle = memory[len(memory) // 2 :]
        lost = arm.lost
    pace = sum(sizes.values()) / max(done.values())
    fair = {org_id: fair_turns(list(sizes.values()), size) / pace for org_id, size in sizes.items()}
    smallest = [org_id for org_id, size in sizes.items() if size == min(sizes.values())]
    return {
        "plans": sum(sizes.values()),
        "organizations": len(sizes),
        "sizes": sorted(sizes.values(), reverse=True),
        "seconds": round(seconds, 1),
        "invoices_per_second": round(pace, 2),
        "smallest_of_fair_share": round(max(done[one] / fair[one] for one in smallest), 2),
        "worst_of_fair_share": round(max(done[one] / fair[one] for one in sizes), 2),
        "memory_end_of_middle": round(memory[-1] / middle[0], 2),
        "database_kilobytes_per_invoice": round(grown / 1024 / sum(sizes.values()), 1),
        "lost_tasks": lost,
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Print the figures; the exit code is 1 where the smallest organizations waited too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=300, help="of all organizations together (%(default)s)")
    parser.add_argument("--organizations", type=int, default=50, help="how many share them (%(default)s)")
    parser.add_argument("--per-second", type=float, default=5.0, help="invoices that Stripe takes (%(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="worker processes (%(default)s)")
    parser.add_argument("--lead", type=int, default=0, help="seconds that starting the plans may take")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    configure_logging("json", "error")
    found = asyncio.run(measure(options))
    print(json.dumps(found) if options.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    sys.exit(float(str(found["smallest_of_fair_share"])) > SHARE_WANTED)


if __name__ == "__main__":
    main()

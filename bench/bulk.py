"""How long bulk requests take: `python bench/api.py --bulk [--reports N] [--rounds N] [--json]`.

Each request reports the seats of one customer at N moments, all of them new. By turns psycopg alone sends PostgreSQL as
many rows in one statement, of customers of their own. The goal is 10,000 in under a second on two quiet cores.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
from ending import run
from load import Answered, request, saturate
from process_use import use_of
from reading import crowd, serving

GOAL_MS = 1000.0
INSERT = (
    "INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)"
    " SELECT %s, %s, reported.* FROM unnest(%s::timestamptz[], %s::bigint[], %s::bigint[]) AS reported"
)


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return how long the requests took, and the statements alone."""
    async with crowd(2 * (options.rounds + 1), entries=1) as loaded:
        customers = await asyncio.to_thread(_customers, loaded.owner)
        moments = [datetime.now(UTC) - timedelta(minutes=n + 1) for n in range(options.reports)]
        reports = [{"observed_at": at.isoformat(), "members": n, "guests": 3} for n, at in enumerate(moments)]
        body = json.dumps(reports).encode()
        answered, alone, used = Answered(), list[float](), list[tuple[float, float]]()
        async with serving(loaded.stack, 1) as (address, pid):
            host = urlsplit(address).netloc
            for number in range(options.rounds + 1):
                asked = request("POST", f"/api/v1/customers/{customers.pop()}/seats", host, loaded.key, body)
                before = use_of(pid).cpu, use_of(loaded.postgres).cpu
                done = await saturate(address, iter([asked]), connections=1)
                spent = use_of(pid).cpu - before[0], use_of(loaded.postgres).cpu - before[1]
                took = await asyncio.to_thread(_insert, loaded.owner, loaded.org_id, customers.pop(), moments)
                if number:  # the first connects, compiles and prepares
                    answered.add(done)
                    alone.append(took)
                    used.append(spent)
    api, postgres = (sum(one) * 1000 / len(used) for one in zip(*used, strict=True))
    return {
        "reports": options.reports,
        "p50_ms": round(answered.percentile(0.5)),
        "longest_ms": round(answered.percentile(1)),
        "failed": answered.failed,
        "statement_p50_ms": round(1000 * sorted(alone)[len(alone) // 2]),
        "cpu_ms": {"api": round(api), "postgresql": round(postgres)},
        "load_average": round(os.getloadavg()[0], 1),
    }


def _customers(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [customer for (customer,) in connection.execute("SELECT id::text FROM customer")]


def _insert(url: str, org_id: str, customer: str, moments: list[datetime]) -> float:
    """Write as many rows by one statement, and return the seconds that it took."""
    with psycopg.connect(url) as connection:
        begun = time.perf_counter()
        counts = list(range(len(moments)))
        connection.execute(INSERT, [org_id, customer, moments, counts, [3] * len(moments)])
        connection.commit()
        return time.perf_counter() - begun


def main() -> None:
    """Print the figures; the exit code is 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=10_000, help="how many are in one request (%(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="how many requests (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = run(measure(options))
    print(json.dumps(found) if options.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    sys.exit(bool(found["failed"]) or float(str(found["p50_ms"])) > GOAL_MS)


if __name__ == "__main__":
    main()

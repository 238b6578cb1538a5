"""What grows with the plans: memory while they wait, rows over months; what `book.py` measures with two options."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.steps import CloseCycleInput, PlanRef
from billflow.wiring.workers import activity_classes

sys.path.append(str(Path(__file__).parent))
from collecting_run import each
from midnight_plans import loaded, payers, started
from midnight_run import database_bytes
from midnight_site import OURS, WORKER, Site, servers, working

SETTLING = 15
"""Seconds in which the server does what it put off."""
ORGANIZATIONS = 50
_TABLES = """
    SELECT relname, pg_total_relation_size(oid), pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""


async def at_ever_more_waiting(counts: Sequence[int], *, keep: bool) -> dict[str, Any]:
    """Start plans up to each count, due in a month, and return what servers and worker hold at each of them."""
    due, found, waiting = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30), [], 0
    async with servers(keep=keep) as site, working(site, OURS, [WORKER]) as arm:
        before = arm.uses(site)
        for count in counts:
            left = count - waiting
            slugs = [f"waiting-{count}-{n}" for n in range(min(ORGANIZATIONS, left))]
            held = await database_bytes(site)
            plans = await loaded(site, slugs, [f"cus_{waiting + n}" for n in range(left)], due)
            grown = await database_bytes(site) - held
            await started(site, OURS, plans)
            await asyncio.sleep(SETTLING)
            uses, waiting = arm.uses(site), count
            found.append(
                {
                    "open_workflows": count,
                    "megabytes": {name: round(use.memory / 2**20) for name, use in uses.items()},
                    "cpu_ms_of_a_start": {
                        name: round(1000 * (use.cpu - before[name].cpu) / left, 1) for name, use in uses.items()
                    },
                    "database_kilobytes_of_a_loaded_plan": round(grown / 1024 / left, 1),
                    "temporal_file_megabytes": _file_megabytes(site),
                }
            )
            before = uses
    return {"waiting": found, "kilobytes_per_plan": _slopes(found), "load_average": os.getloadavg()[0]}


def _file_megabytes(site: Site) -> int:
    return round(sum(one.stat().st_size for one in site.folder.glob("temporal.db*")) / 2**20)


def _slopes(found: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the memory that a plan more takes, from the first count to the last."""
    first, last = found[0], found[-1]
    plans = max(1, last["open_workflows"] - first["open_workflows"])
    return {
        name: round(1024 * (size - first["megabytes"][name]) / plans, 1) for name, size in last["megabytes"].items()
    }


async def over_months(count: int, months: int) -> dict[str, Any]:
    """Bill so many months of plans and collect each invoice, and return what the database grew by."""
    due = datetime.now(UTC).replace(microsecond=0) - timedelta(days=31 * months)
    async with servers() as site:
        await loaded(site, ["months"], await payers(site, count), due)
        before, sizes = await database_bytes(site), [await _table_bytes(site)]
        for _ in range(months):
            await _billed(site)
            sizes.append(await _table_bytes(site))
        grown = await database_bytes(site) - before
    monthly = [sum(total for total, *_ in size.values()) / 1024 / count for size in sizes]
    last, first = sizes[-1], sizes[0]
    by_table = {name: round((last[name][0] - first[name][0]) / 1024 / count / months, 2) for name in last}
    tables, indexes = (sum(last[name][n] - first[name][n] for name in last) for n in (1, 2))
    return {
        "plans": count,
        "months": months,
        "database_kilobytes_per_plan_month": round(grown / 1024 / count / months, 1),
        "database_kilobytes_per_plan_year": round(grown / 1024 / count / months * 12),
        "of_it_rows": round(tables / 1024 / count / months, 1),
        "of_it_indexes": round(indexes / 1024 / count / months, 1),
        "each_month": [round(after - so_far, 1) for so_far, after in pairwise(monthly)],
        "by_table": dict(sorted(((n, s) for n, s in by_table.items() if s), key=lambda one: -one[1])),
        "load_average": os.getloadavg()[0],
    }


async def _billed(site: Site) -> None:
    """Take the next billing date of each plan, and collect its invoice."""
    steps, collection = activity_classes(site.engine)[:2]
    async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)"
            " SELECT org_id, customer_id, next_invoice_date - interval '1 hour', 12, 3 FROM customer_plan"
            " ON CONFLICT DO NOTHING"
        )
        found = await connection.execute("SELECT org_id::text, id::text, next_invoice_date FROM customer_plan")
        due = await found.fetchall()

    async def step(plan: tuple[str, str, datetime]) -> InvoiceSummary:
        org_id, plan_id, at = plan
        result = await steps.close_cycle(CloseCycleInput(plan=PlanRef(org_id=org_id, plan_id=plan_id), at=at))
        return result.invoices[0]

    async def collect(invoice: InvoiceSummary) -> None:
        await collection.collect(invoice.as_of(datetime.now(UTC)))

    await each(await each(due, step), collect)


async def _table_bytes(site: Site) -> dict[str, tuple[int, int, int]]:
    async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
        await connection.execute("VACUUM")
        return {
            name: (total, rows, indexes)
            for name, total, rows, indexes in await (await connection.execute(_TABLES)).fetchall()
        }

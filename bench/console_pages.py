"""How long the console's pages take: `python bench/console.py [--customers N] [--rounds N] [--json]`.

Loads N customers, and one that had 3,001 invoices in five years, into an organization of an embedded PostgreSQL; then
serves the API in a process apart, and opens the pages one after the other, in so many rounds, with a bare route of the
same process in each as what a request costs anyway. The goal is a p99 under 300 ms for each page.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psycopg
from loading import fill
from reading import serving

from billflow.console.security import COOKIE
from billflow.dev.stack import running_stack
from billflow.models.contracts.console import ConsoleRole, NewConsoleSession
from billflow.settings import Settings
from billflow.store.session.database import Database
from billflow.store.session.repositories import Repositories
from billflow.wiring.store import migrate, sell_example

GOAL_MS = 300.0
WARMING = 3
MONTHS, INVOICES = 61, 50
"""Of the customer with many invoices: in all months but the last so many each, in the last one."""


async def main() -> int:
    """Load, open, print; return 1 where a page misses the goal or is no page."""
    options = _options()
    async with running_stack(Settings(), keep=False) as stack:
        await asyncio.to_thread(migrate, stack.settings)
        url = str(stack.settings.database_url and stack.settings.database_url.get_secret_value())
        database = Database(url)
        repositories = Repositories(database)
        org_id = await repositories.organizations.ensure("console")
        await sell_example(repositories.catalogs, org_id)
        plan_id = str(uuid4())
        owner = str(stack.settings.database_owner_url and stack.settings.database_owner_url.get_secret_value())
        await asyncio.to_thread(_load, owner, org_id, plan_id, options.customers)
        new = NewConsoleSession(person="bench", role=ConsoleRole.ADMIN)
        session = await repositories.console_sessions.begin(org_id, new, datetime.now(UTC))
        pages = await asyncio.to_thread(_pages, owner, org_id, plan_id)
        await database.close()
        async with serving(stack, 1) as address:
            spans = await asyncio.to_thread(_opened, address, session.text(), pages, options.rounds)
    figures = {name: _figures(taken) for name, taken in spans.items()}
    _show(figures, as_json=options.json)
    return int(any(one["p99_ms"] > GOAL_MS for one in figures.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=400, help="how many customers, plans and invoices")
    parser.add_argument("--rounds", type=int, default=30, help="how often each page is opened")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def _load(url: str, org_id: str, plan_id: str, customers: int) -> None:
    due = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    crowd = {"org": org_id, "customers": customers, "entries": 10}
    decade = {"org": org_id, "plan": plan_id, "months": MONTHS, "entries": INVOICES, "invoices": INVOICES, "due": due}
    fill(url, "crowd", crowd)
    fill(url, "decade", decade)


def _pages(url: str, org_id: str, plan_id: str) -> Mapping[str, str]:
    """Return every page's path by what it is called; the first is the bare route."""
    query = (
        "SELECT p.id, p.customer_id, i.id FROM customer_plan p JOIN invoice i ON i.plan_id = p.id WHERE p.org_id = %s"
    )
    with psycopg.connect(url) as connection:
        many = connection.execute(f"{query} AND p.id = %s ORDER BY i.issued_at LIMIT 1", [org_id, plan_id]).fetchone()
        few = connection.execute(f"{query} AND p.id <> %s LIMIT 1", [org_id, plan_id]).fetchone()
    if not many or not few:
        raise RuntimeError("Nothing was loaded.")
    customer = f"/console/customers/{many[1]}"
    return {
        "bare route": "/healthz",
        "sign in": "/console/sign-in",
        "start": "/console/",
        "find by a part of the name": "/console/find?q=crowd",
        "find by an id": f"/console/find?q={str(many[1])[:8]}",
        "customer": f"/console/customers/{few[1]}",
        "customer, 3,001 invoices": customer,
        "its invoices": f"{customer}?part=invoices",
        "its whole timeline": f"{customer}?part=timeline",
        "its invoice": f"/console/invoices/{many[2]}",
        "customers": "/console/lists/customers",
        "plans": "/console/lists/plans?status=active",
        "invoices": "/console/lists/invoices?status=paid",
        "business": "/console/business",
        "renewals": "/console/business/renewals",
        "a command's form": f"/console/plans/{plan_id}/commands/set_licenses",
        "a command's preview": f"/console/plans/{plan_id}/commands/switch_to_annual",
        "a refund's preview": f"/console/invoices/{many[2]}/refund?amount=5&preview=yes",
        "a suspension's preview": f"{customer}/do/suspend",
    }


def _opened(address: str, token: str, pages: Mapping[str, str], rounds: int) -> Mapping[str, list[float]]:
    """Open each page in turn; return milliseconds by its name."""
    spans: dict[str, list[float]] = {name: [] for name in pages}
    with httpx.Client(base_url=address, headers={"Cookie": f"{COOKIE}={token}"}, timeout=60, trust_env=False) as http:
        for n in range(WARMING + rounds):
            for name, path in pages.items():
                begun = time.perf_counter()
                answer = http.get(path)
                taken = (time.perf_counter() - begun) * 1000
                if not answer.is_success:
                    raise RuntimeError(f"{name}: {path} answers {answer.status_code}: {answer.text[-600:]}")
                if n >= WARMING:
                    spans[name].append(taken)
    return spans


def _figures(taken: list[float]) -> dict[str, float]:
    p99 = statistics.quantiles(taken, n=100, method="inclusive")[98]
    return {"p50_ms": round(statistics.median(taken), 1), "p99_ms": round(p99, 1)}


def _show(figures: Mapping[str, Mapping[str, float]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"goal_p99_ms": GOAL_MS, "pages": figures}, indent=2))
        return
    print(f"{'':32}{'p50 ms':>10}{'p99 ms':>10}")
    for name, one in figures.items():
        mark = "" if one["p99_ms"] <= GOAL_MS else "  missed"
        print(f"{name:32}{one['p50_ms']:10.1f}{one['p99_ms']:10.1f}{mark}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

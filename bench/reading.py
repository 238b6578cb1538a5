"""How the API reads under load: `python bench/api.py [--customers N] [--entries N] [--rate N] [--processes N]`.

Loads an organization of N customers with as many plans and invoices, and N ledger entries for each plan, into an
embedded PostgreSQL; checks with EXPLAIN that lists are read by indexes only; then serves the API in processes apart
and asks it at a fixed rate. The goal, with 100,000 customers and ten entries each, is a p99 under 25 ms at 200 requests
a second on two cores.
"""

import argparse
import asyncio
import os
import random
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import psycopg
from load import Figures, drive
from loading import fill
from sqlalchemy import event

from billflow.dev.stack import Stack, running_stack
from billflow.domain.scopes import Scope
from billflow.models.contracts.access import LONGEST_RATE, Mode, NewApiKey
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, Paging, PlanFilter
from billflow.models.contracts.steps import PlanRef
from billflow.settings import Settings
from billflow.store.access.api_keys import PostgresApiKeyRepository
from billflow.store.access.organizations import PostgresOrganizationRepository
from billflow.store.session.database import Database
from billflow.store.session.repositories import Queries
from billflow.wiring.store import migrate

GOAL_MS = 25.0
SAMPLES = 500
WARMING = 5.0
"""Seconds at the full rate before anything is counted: connections are made, statements prepared, pages read."""

SEQUENTIAL = re.compile(r"Seq Scan on (customer|customer_plan|invoice|license_ledger)\b")


async def main() -> int:
    """Load, check, drive and print; return 1 where the goal or an index is missed."""
    options = _options()
    async with running_stack(Settings(), keep=False) as stack:
        await asyncio.to_thread(migrate, stack.settings)
        url = str(stack.settings.database_url and stack.settings.database_url.get_secret_value())
        database = Database(url)
        org_id = await PostgresOrganizationRepository(database).ensure("crowd")
        begun = time.perf_counter()
        owner = str(stack.settings.database_owner_url and stack.settings.database_owner_url.get_secret_value())
        crowd = {"org": org_id, "customers": options.customers, "entries": options.entries}
        await asyncio.to_thread(fill, owner, "crowd", crowd)
        print(f"Loaded {options.customers} customers in {time.perf_counter() - begun:.0f} s.", flush=True)
        scans = await _sequential_scans(database, org_id)
        key = await key_of(database, org_id)
        routes = await routes_of(owner, org_id)
        await database.close()
        async with serving(stack, options.processes) as (address, _):
            await drive(address, key, routes, rate=options.rate, seconds=WARMING)
            figures = await drive(address, key, routes, rate=options.rate, seconds=options.seconds)
    _show(figures, scans)
    return 1 if scans or any(one.p99 > GOAL_MS or one.failed for one in figures) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000, help="how many customers, plans and invoices")
    parser.add_argument("--entries", type=int, default=10, help="how many ledger entries each plan has")
    parser.add_argument("--rate", type=float, default=200.0, help="requests per second")
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long")
    parser.add_argument("--processes", type=int, default=2, help="how many serve the API")
    return parser.parse_args()


async def _sequential_scans(database: Database, org_id: str) -> list[str]:
    """Return the queries of lists and look-ups that would read a whole table."""
    asked: list[tuple[str, object]] = []

    def note(*call: object) -> None:
        asked.append((str(call[2]), call[3]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    await _every_read(Queries(database), org_id)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    found = []
    for statement, parameters in [one for one in asked if one[0].lstrip().startswith("SELECT") and "FROM" in one[0]]:
        async with database.unit_of_work(org_id) as session:
            connection = await session.connection()
            plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]
            text = "\n".join(str(row[0]) for row in plan)
        if SEQUENTIAL.search(text):
            found.append(f"{statement}\n{text}")
    return found


async def _every_read(queries: Queries, org_id: str) -> None:
    """Ask everything that lists ask."""
    page = await queries.customers.search(org_id, CustomerFilter())
    customer = page.rows[0]
    await queries.customers.search(org_id, CustomerFilter(), Paging(after=page.next))
    for wanted in ({"email": customer.email}, {"q": customer.name.lower()}, {"status": "suspended"}):
        await queries.customers.search(org_id, CustomerFilter.model_validate(wanted))
    plans = await queries.plans.search(org_id, PlanFilter())
    await queries.plans.search(org_id, PlanFilter(needs_attention=True))
    await queries.plans.search(org_id, PlanFilter(customer_id=customer.customer_id))
    invoices = await queries.invoices.search(org_id, InvoiceFilter(customer_id=customer.customer_id))
    await queries.invoices.search(org_id, InvoiceFilter())
    await queries.invoices.get(org_id, invoices.rows[0].invoice_id)
    await queries.plans.ledger(PlanRef(org_id=org_id, plan_id=plans.rows[0].plan_id))


async def key_of(database: Database, org_id: str) -> str:
    """Return a key that reads and writes, as often as may be."""
    new = NewApiKey(name="bench", mode=Mode.TEST, scopes=frozenset({Scope.READ, Scope.WRITE}), rate_limit=LONGEST_RATE)
    issued = await PostgresApiKeyRepository(database).create(
        org_id, new, ChangeContext(actor="bench", at=datetime.now(UTC))
    )
    return issued.text.get_secret_value()


async def routes_of(url: str, org_id: str) -> dict[str, list[str]]:
    """Return what is asked for, in paths that differ."""
    query = "SELECT p.customer_id, c.email, p.id, i.id FROM customer_plan p JOIN customer c ON c.id = p.customer_id"
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await connection.execute(
            f"{query} JOIN invoice i ON i.plan_id = p.id WHERE p.org_id = %s LIMIT %s",
            [org_id, SAMPLES],
        )
        found = await rows.fetchall()
    random.Random(7).shuffle(found)
    return {
        "GET /customers": ["/api/v1/customers"],
        "GET /customers?email=": [f"/api/v1/customers?email={row[1]}" for row in found],
        "GET /customers?q=": [f"/api/v1/customers?q=crowd%20{n}" for n in range(100, 999)],
        "GET /customers/{id}": [f"/api/v1/customers/{row[0]}" for row in found],
        "GET /plans": ["/api/v1/plans?status=active&limit=20"],
        "GET /plans/{id}": [f"/api/v1/plans/{row[2]}" for row in found],
        "GET /plans/{id}/ledger": [f"/api/v1/plans/{row[2]}/ledger" for row in found],
        "GET /invoices?customer_id=": [f"/api/v1/invoices?customer_id={row[0]}" for row in found],
        "GET /invoices/{id}": [f"/api/v1/invoices/{row[3]}" for row in found],
    }


@asynccontextmanager
async def serving(stack: Stack, processes: int, source: str = "") -> AsyncIterator[tuple[str, int]]:
    """Serve the API apart from us, from another *source* where one is named, and yield its address and process."""
    environment = {**os.environ, **stack.environment(), "BILLFLOW_LOG_LEVEL": "error", "BILLFLOW_OPS_PORT": "0"}
    environment |= {"PYTHONPATH": source, "PYTHONSAFEPATH": "1"} if source else {}
    command = (sys.executable, "-m", "billflow.cli", "api", "--port", "0", "--processes", str(processes))
    api = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    try:
        if api.stdout is None or not (said := (await api.stdout.readline()).decode()):
            raise RuntimeError("The API did not start.")
        yield said.split(" at ")[1].split(";")[0], api.pid
    finally:
        api.terminate()
        await api.wait()


def _show(figures: list[Figures], scans: list[str]) -> None:
    print(f"{'':30}{'requests':>10}{'p50 ms':>10}{'p99 ms':>10}{'failed':>10}")
    for one in figures:
        mark = "" if one.p99 <= GOAL_MS else "  missed"
        print(f"{one.route:30}{one.requests:10}{one.p50:10.1f}{one.p99:10.1f}{one.failed:10}{mark}")
    print("Every list is read by indexes." if not scans else "\n\n".join(["Read without an index:", *scans]))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

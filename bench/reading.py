"""How the API reads under load: `python bench/api.py [--customers N] [--entries N] [--rate N] [--against N]`.

Loads an organization of N customers with as many plans and invoices, and N ledger entries for each plan, into an
embedded PostgreSQL; checks with EXPLAIN that lists are read by indexes only; then serves the API in processes apart
and asks it at a fixed rate. The goal, with 100,000 customers and ten entries each, is a p99 under 25 ms at 200 requests
a second on two cores. With `--against` a second organization, with servers of its own, is asked by turns in the same
run; then the goal is a p99 of at most 1.2 times that of the other.
"""

import argparse
import asyncio
import os
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from ending import run
from load import Answered, drive, in_turn
from loading import fill
from process_use import use_of
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

GOAL_MS, GOAL_TIMES = 25.0, 1.2
SAMPLES = 5000
ALL = "all routes"
WARMING = 5.0
"""Seconds at the full rate before anything is counted: connections are made, statements prepared, pages read."""

SEQUENTIAL = re.compile(r"Seq Scan on (customer|customer_plan|invoice|license_ledger)\b")


@dataclass
class Book:
    """An organization that is served: where, what it is asked, and how it answered."""

    customers: int
    url: str
    key: str
    asked: Iterator[tuple[str, str]]
    processes: dict[str, int]
    scans: list[str]
    answered: dict[str, Answered] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def all(self) -> Answered:
        """Return what all routes answered."""
        together = Answered()
        for one in self.answered.values():
            together.add(one)
        return together

    async def turn(self, options: argparse.Namespace) -> None:
        """Ask for some seconds, and add to its figures."""
        before = self._used()
        done = await drive(self.url, self.key, self.asked, rate=options.rate, seconds=options.seconds)
        for route, one in done.items():
            self.answered.setdefault(route, Answered()).add(one)
        for name, used in self._used().items():
            self.cpu[name] = self.cpu.get(name, 0.0) + used - before[name]

    def _used(self) -> dict[str, float]:
        return {name: use_of(pid).cpu for name, pid in self.processes.items()}


async def main() -> int:
    """Load, check, drive and print; return 1 where a goal or an index is missed."""
    options = _options()
    sizes = [options.customers, *([options.against] if options.against else [])]
    async with AsyncExitStack() as running:
        books = [await running.enter_async_context(_served(customers, options)) for customers in sizes]
        for book in books:
            await drive(book.url, book.key, book.asked, rate=options.rate, seconds=WARMING)
        for number in range(options.rounds):
            for book in books if number % 2 else reversed(books):
                await book.turn(options)
    return _show(books)


@dataclass(frozen=True)
class Crowd:
    """Servers with one organization: its id, a key of it, the address for the database's owner, and PostgreSQL's id."""

    stack: Stack
    database: Database
    owner: str
    org_id: str
    key: str
    postgres: int


@asynccontextmanager
async def crowd(customers: int, entries: int, say: Callable[[str], None] = lambda _: None) -> AsyncIterator[Crowd]:
    """Load an organization of so many customers, with so many ledger entries each, into servers of its own."""
    async with running_stack(Settings(), keep=False) as stack:
        await asyncio.to_thread(migrate, stack.settings)
        url, owner = (
            str(secret and secret.get_secret_value())
            for secret in (stack.settings.database_url, stack.settings.database_owner_url)
        )
        database = Database(url)
        org_id = await PostgresOrganizationRepository(database).ensure("crowd")
        postgres = next(one.pid for one in stack.processes if one.name == "PostgreSQL")
        begun, used = time.perf_counter(), use_of(postgres).cpu
        asked = {"org": org_id, "customers": customers, "entries": entries}
        await asyncio.to_thread(fill, owner, "crowd", asked, say)
        took, used = time.perf_counter() - begun, use_of(postgres).cpu - used
        say(f"Loaded {customers} customers in {took:.0f} s, {used:.0f} s of CPU.")
        try:
            yield Crowd(stack, database, owner, org_id, await key_of(database, org_id), postgres)
        finally:
            await database.close()


@asynccontextmanager
async def _served(customers: int, options: argparse.Namespace) -> AsyncIterator[Book]:
    """Load an organization of so many customers, and serve it."""
    async with crowd(customers, options.entries, lambda line: print(line, flush=True)) as loaded:
        scans = await _sequential_scans(loaded.database, loaded.org_id)
        asked = in_turn(await routes_of(loaded.owner, loaded.org_id))
        async with serving(loaded.stack, options.processes) as (address, pid):
            yield Book(customers, address, loaded.key, asked, {"API": pid, "PostgreSQL": loaded.postgres}, scans)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000, help="how many customers, plans and invoices")
    parser.add_argument("--entries", type=int, default=10, help="how many ledger entries each plan has")
    parser.add_argument("--against", type=int, metavar="N", help="customers of another organization, asked by turns")
    parser.add_argument("--rate", type=float, default=200.0, help="requests per second")
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long each time")
    parser.add_argument("--rounds", type=int, default=1, help="how often")
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
    """Return what is asked for, in paths that differ: of the whole book, not of what was written first."""
    some = "SELECT id, customer_id FROM customer_plan WHERE org_id = %s ORDER BY md5(id::text) LIMIT %s"
    query = f"SELECT c.id, c.email, p.id, i.id FROM ({some}) AS p JOIN customer c ON c.id = p.customer_id"  # noqa: S608
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await connection.execute(f"{query} JOIN invoice i ON i.plan_id = p.id", [org_id, SAMPLES])
        found = await rows.fetchall()
    random.Random(7).shuffle(found)
    return {
        "GET /customers": ["/api/v1/customers"],
        "GET /customers?email=": [f"/api/v1/customers?email={row[1]}" for row in found],
        "GET /customers?q=": [f"/api/v1/customers?q=crowd%20{_number(row[1])[:-1]}" for row in found],
        "GET /customers/{id}": [f"/api/v1/customers/{row[0]}" for row in found],
        "GET /plans": ["/api/v1/plans?status=active&limit=20"],
        "GET /plans/{id}": [f"/api/v1/plans/{row[2]}" for row in found],
        "GET /plans/{id}/ledger": [f"/api/v1/plans/{row[2]}/ledger" for row in found],
        "GET /invoices?customer_id=": [f"/api/v1/invoices?customer_id={row[0]}" for row in found],
        "GET /invoices/{id}": [f"/api/v1/invoices/{row[3]}" for row in found],
    }


def _number(email: str) -> str:
    """Return the number of a customer; without its last digit eleven have it, however large the book is."""
    return email.partition("-")[2].partition("@")[0]


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


def _show(books: list[Book]) -> int:
    """Print the figures of each, and how many times the last one's p99 the first one's is; return 1 for a miss."""
    first, last = books[0], books[-1]
    for book in books:
        print(f"{book.customers} customers{'':20}{'requests':>10}{'p50 ms':>10}{'p99 ms':>10}{'failed':>10}")
        for route, one in {**book.answered, ALL: book.all}.items():
            figures = f"{len(one.spans):10}{one.percentile(0.5):10.1f}{one.percentile(0.99):10.1f}{one.failed:10}"
            print(f"{route:37}{figures}")
        count = len(book.all.spans)
        print(", ".join(f"{name} {1000 * cpu / count:.2f} ms of CPU" for name, cpu in book.cpu.items()), "a request")
    scans = [scan for book in books for scan in book.scans]
    print("Every list is read by indexes." if not scans else "\n\n".join(["Read without an index:", *scans]))
    missed = bool(scans) or any(book.all.failed for book in books)
    if first is last:
        return missed or any(one.percentile(0.99) > GOAL_MS for one in first.answered.values())
    print(f"{first.customers} beside {last.customers} customers{'':10}{'times p50':>10}{'times p99':>10}")
    for route, one, other in _beside(first, last):
        times = [one.percentile(part) / other.percentile(part) for part in (0.5, 0.99)]
        print(f"{route:37}{times[0]:10.2f}{times[1]:10.2f}")
    print(f"load average {os.getloadavg()[0]:.1f}")
    return missed or first.all.percentile(0.99) > GOAL_TIMES * last.all.percentile(0.99)


def _beside(first: Book, last: Book) -> Iterator[tuple[str, Answered, Answered]]:
    yield from ((route, one, last.answered[route]) for route, one in first.answered.items())
    yield ALL, first.all, last.all


if __name__ == "__main__":
    sys.exit(run(main()))

"""How long the console's and the portal's pages take: `python bench/console.py [--customers N] [--rounds N] [--json]`.

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
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

import httpx
import psycopg
from ending import run
from loading import fill
from reading import serving

from billflow.console.security import COOKIE
from billflow.dev.stack import running_stack
from billflow.models.contracts.console import ConsoleRole, NewConsoleSession, SessionToken
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.portal import PortalLinkCreate
from billflow.pages.confirmations import CONFIRMED_AS
from billflow.portal.security import SESSION
from billflow.settings import Settings
from billflow.store.session.database import Database
from billflow.store.session.repositories import Repositories
from billflow.wiring.store import migrate, sell_example

GOAL_MS = 300.0
WARMING = 3
MONTHS, INVOICES = 61, 50
"""Of the customer with many invoices: in all months but the last so many each, in the last one."""


class Example(NamedTuple):
    """A plan with its customer and one of its invoices."""

    plan_id: str
    customer_id: str
    invoice_id: str


class OpenedPage(NamedTuple):
    """A page by what it is called, and the cookie of whoever opens it."""

    name: str
    path: str
    cookie: Mapping[str, str]


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
        many, few = await asyncio.to_thread(_examples, owner, org_id, plan_id)
        visitors = [await _visitor(repositories, org_id, one) for one in (many, few)]
        console = {"Cookie": f"{COOKIE}={session.text()}"}
        pages = [*_of_console(console, many, few), *_of_portal(visitors, many, few)]
        await database.close()
        async with serving(stack, 1) as (address, _):
            spans = await asyncio.to_thread(_opened, address, pages, options.rounds)
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


def _examples(url: str, org_id: str, plan_id: str) -> tuple[Example, Example]:
    """Return the plan with many invoices, with its first one, and one with few."""
    query = (
        "SELECT p.id, p.customer_id, i.id FROM customer_plan p JOIN invoice i ON i.plan_id = p.id WHERE p.org_id = %s"
    )
    with psycopg.connect(url) as connection:
        many = connection.execute(f"{query} AND p.id = %s ORDER BY i.issued_at LIMIT 1", [org_id, plan_id]).fetchone()
        few = connection.execute(f"{query} AND p.id <> %s LIMIT 1", [org_id, plan_id]).fetchone()
    if not many or not few:
        raise RuntimeError("Nothing was loaded.")
    return Example(*map(str, many)), Example(*map(str, few))


async def _visitor(repositories: Repositories, org_id: str, one: Example) -> Mapping[str, str]:
    """Open a link into the portal of a plan's customer; return what its browser sends from then on."""
    now, ref = datetime.now(UTC), CustomerRef(org_id=org_id, customer_id=one.customer_id)
    change = ChangeContext(actor="bench", at=now)
    link = await repositories.portal_links.create(ref, PortalLinkCreate(), change)
    token = SessionToken.read(link.token.get_secret_value())
    visitor = await repositories.portal_links.open(token, now, b"a browser") if token else None
    if visitor is None or visitor.token is None:
        raise RuntimeError("The link does not open.")
    return {"Cookie": f"{SESSION.name}={visitor.token.text()}"}


def _of_console(cookie: Mapping[str, str], many: Example, few: Example) -> Iterator[OpenedPage]:
    """Yield the console's pages; the first is the bare route."""
    customer, plan = f"/console/customers/{many.customer_id}", f"/console/plans/{many.plan_id}"
    for name, path in {
        "bare route": "/healthz",
        "sign in": "/console/sign-in",
        "start": "/console/",
        "find by a part of the name": "/console/find?q=crowd",
        "find by an id": f"/console/find?q={many.customer_id[:8]}",
        "customer": f"/console/customers/{few.customer_id}",
        "customer, 3,001 invoices": customer,
        "its invoices": f"/console/lists/invoices?customer_id={many.customer_id}",
        "its whole timeline": f"{customer}?part=timeline",
        "its invoice": f"/console/invoices/{many.invoice_id}",
        "customers": "/console/lists/customers",
        "plans": "/console/lists/plans?status=active",
        "invoices": "/console/lists/invoices?status=paid",
        "business": "/console/business",
        "renewals": "/console/business/renewals",
        "a command's form": f"{plan}/commands/set_licenses",
        "a command's preview": f"{plan}/commands/switch_to_annual",
        "a refund's preview": f"/console/invoices/{many.invoice_id}/refund?amount=5&preview=yes",
        "a suspension's preview": f"{customer}/do/suspend",
    }.items():
        yield OpenedPage(name, path, cookie)


def _of_portal(visitors: Sequence[Mapping[str, str]], many: Example, few: Example) -> Iterator[OpenedPage]:
    """Yield the portal's pages, of the customer with many invoices and of one with few."""
    for cookie, one, whose in zip(visitors, (many, few), (", 3,001 invoices", ""), strict=True):
        for name, path in {
            "overview": "/",
            "invoices": "/invoices",
            "invoice": f"/invoices/{one.invoice_id}",
            "details": "/details",
            "a change's preview": f"/plans/{one.plan_id}/annual",
        }.items():
            yield OpenedPage(f"portal: {name}{whose}", f"/portal{path}", cookie)


def _opened(address: str, pages: Sequence[OpenedPage], rounds: int) -> Mapping[str, list[float]]:
    """Open each page in turn; return milliseconds by its name."""
    spans: dict[str, list[float]] = {page.name: [] for page in pages}
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
        for n in range(WARMING + rounds):
            for page in pages:
                begun = time.perf_counter()
                answer = _answer(http, page)
                taken = (time.perf_counter() - begun) * 1000
                if not answer.is_success:
                    raise RuntimeError(f"{page.name}: {page.path} answers {answer.status_code}: {answer.text[-600:]}")
                if n >= WARMING:
                    spans[page.name].append(taken)
    return spans


def _answer(http: httpx.Client, page: OpenedPage) -> httpx.Response:
    """Open a page as a browser does: one that is led to once more, with the key of its form, there."""
    answer = http.get(page.path, headers=page.cookie)
    led_to = httpx.URL(answer.headers.get("location", ""))
    return http.get(led_to, headers=page.cookie) if CONFIRMED_AS in led_to.params else answer


def _figures(taken: list[float]) -> dict[str, float]:
    p99 = statistics.quantiles(taken, n=100, method="inclusive")[98]
    return {"p50_ms": round(statistics.median(taken), 1), "p99_ms": round(p99, 1)}


def _show(figures: Mapping[str, Mapping[str, float]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"goal_p99_ms": GOAL_MS, "pages": figures}, indent=2))
        return
    print(f"{'':38}{'p50 ms':>10}{'p99 ms':>10}")
    for name, one in figures.items():
        mark = "" if one["p99_ms"] <= GOAL_MS else "  missed"
        print(f"{name:38}{one['p50_ms']:10.1f}{one['p99_ms']:10.1f}{mark}")


if __name__ == "__main__":
    sys.exit(run(main()))

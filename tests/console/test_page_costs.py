"""A page about a customer with 3,000 invoices asks the database no more than one about a customer with a few."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import psycopg
import pytest

from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment, api_environment
from tests.console.page_costs import LongCustomer, cost_of, lived
from tests.console.people import browsing
from tests.databases import migrated_database
from tests.namespaces import fresh_namespace
from tests.once import Sender
from tests.portal.visitors import PortalBrowser, visiting

pytestmark = pytest.mark.full

LISTS = 4
"""Lists on one page at most: one that is longer than its part of the page is counted too."""

SHOWN = 1200
"""Rows more that a page takes of a customer with much to show: full lists, and a year of seats and of licenses."""

SPREAD = 30
"""By how many rows two pages may differ because days and months begin where they do."""


SUMMED_UP = frozenset(
    {
        "invoice",
        "ix_invoice_customer_id_status",
        "ix_invoice_org_id_issued_at",
        "credit",
        "ix_credit_customer_id",
        "license_ledger",
        "ix_license_ledger_renewals",
        "uq_license_ledger_plan_id_seq",
        "ledger_allocation",
        "pk_ledger_allocation",
    }
)
"""Tables that PostgreSQL sums up, and of which it sends a row.

What of the ledger is read `tests/store/test_growth.py` counts. One index is that of an organization's newest invoices,
which are those of its largest customer.
"""

SPREAD_READ = 2_000
"""Of seats a page reads a year, which a long customer has more of; it has 2,350 invoices more, and no row of each."""


@dataclass(frozen=True)
class LongSite:
    """A running billflow with a customer of 3 invoices, one of 651, and one of 3,001."""

    env: ApiEnvironment
    api: httpx.AsyncClient
    few: LongCustomer
    some: LongCustomer
    many: LongCustomer


@pytest.fixture(scope="module")
async def site(postgres_url: str, temporal_server: str) -> AsyncIterator[LongSite]:
    """Yield a billflow of its own."""
    url = await migrated_database(postgres_url, "page-costs")
    due = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    async with (
        api_environment(url, await fresh_namespace(temporal_server, "page-costs")) as env,
        env.client(await env.key()) as api,
    ):
        few, some, many = (lived(env, url, *each, due) for each in ((3, 1), (14, 50), (61, 50)))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        yield LongSite(env, api, few, some, many)


def console_pages(one: LongCustomer) -> Iterator[str]:
    """Yield the console's pages about a customer, its plan and an invoice; those of the past begin otherwise."""
    customer, plan, invoice = f"/customers/{one.customer_id}", f"/plans/{one.plan_id}", f"/invoices/{one.invoice_id}"
    yield from (customer, f"/lists/invoices?customer_id={one.customer_id}", f"{customer}?part=timeline")
    yield from (invoice, f"{invoice}/refund?amount=1&preview=yes")
    yield from (f"{plan}/commands/set_licenses", f"{plan}/commands/switch_to_annual")
    yield from (f"{customer}/do/suspend", f"{customer}/do/card-link", f"{customer}/do/credit?amount=1&preview=yes")
    yield from (f"/find?q={one.customer_id[:8]}", "/", "/lists/customers", "/lists/invoices", "/business", "/operate")


def portal_pages(one: LongCustomer) -> Iterator[str]:
    """Yield the portal's pages."""
    yield from ("/", "/invoices", f"/invoices/{one.invoice_id}", "/details")
    yield from (f"/plans/{one.plan_id}/annual", f"/plans/{one.plan_id}/cancel")


CONSOLE = range(len(list(console_pages(LongCustomer("", "", "")))))
PORTAL = range(len(list(portal_pages(LongCustomer("", "", "")))))


@pytest.mark.parametrize("n", CONSOLE)
async def test_a_page_of_the_console_costs_the_same_however_many_invoices_there_are(site: LongSite, n: int) -> None:
    async with browsing(site.env, ConsoleRole.ADMIN) as person:
        await check(site, [(person, list(console_pages(one))[n]) for one in (site.few, site.some, site.many)])


@pytest.mark.parametrize("n", PORTAL)
async def test_a_page_of_the_portal_costs_the_same_however_many_invoices_there_are(site: LongSite, n: int) -> None:
    async with AsyncExitStack() as stack:
        pages: list[tuple[PortalBrowser, str]] = []
        for one in (site.few, site.some, site.many):
            browser = await stack.enter_async_context(visiting(site.env, site.api, one.customer_id))
            pages.append((browser, list(portal_pages(one))[n]))
        await check(site, pages)


async def check(site: LongSite, pages: Sequence[tuple[Sender, str]]) -> None:
    """Open a page about each customer, and compare."""
    database = site.env.engine.pools.requests
    few, some, many = [await cost_of(database, partial(person.get, path)) for person, path in pages]
    assert len(many.statements) <= len(some.statements) <= len(few.statements) + LISTS
    assert many.rows - some.rows <= SPREAD
    assert some.rows - few.rows <= SHOWN
    more = many.read - some.read
    assert sum(rows for name, rows in more.items() if name not in SUMMED_UP) <= SPREAD_READ, more.most_common(8)

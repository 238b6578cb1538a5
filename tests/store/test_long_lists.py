"""A list of many reads no more than one of few: its page, and for its total no more rows than are counted of any."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bench.loading import fill
from billflow.dev.postgres import RUNS, as_login
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, ListOrder, Page, Paging, PlanFilter
from billflow.store.customers import search
from billflow.store.session import paging
from billflow.store.session.database import Database
from billflow.store.session.repositories import Queries
from tests.databases import migrated_database
from tests.sizes import some
from tests.store.conftest import Company, new_company
from tests.store.reading import rows_read

SMALL, LARGE, COUNTED = 300, 6000, 200
SPREAD = 30
"""By how many rows and index entries two readings of one kind may differ."""

Read = Callable[[Queries, str, Paging], Awaitable[Page[Any]]]

LISTS: dict[str, Read] = {
    "customers": lambda queries, org_id, part: queries.customers.search(org_id, CustomerFilter(), part),
    "customers by a part of the name": lambda queries, org_id, part: queries.customers.search(
        org_id, CustomerFilter(q="crowd-7@"), part
    ),
    "plans": lambda queries, org_id, part: queries.plans.search(org_id, PlanFilter(), part),
    "live plans": lambda queries, org_id, part: queries.plans.search(org_id, PlanFilter(live=True), part),
    "plans on hold": lambda queries, org_id, part: queries.plans.search(org_id, PlanFilter(needs_attention=True), part),
    "invoices": lambda queries, org_id, part: queries.invoices.search(org_id, InvoiceFilter(), part),
}


@dataclass(frozen=True)
class Organizations:
    """a small and a large organization in one database, whose totals nobody has counted yet."""

    small: Company
    large: Company
    url: str

    async def read(self, company: Company, read: Read, part: Paging) -> tuple[Page[Any], Counter[str]]:
        """Return a part of a list, and what reading it read."""
        database = Database(as_login(self.url, RUNS))
        try:
            with rows_read(database) as rows:
                return await read(Queries(database), company.org_id, part), rows
        finally:
            await database.close()


@pytest.fixture(scope="module")
async def organizations(postgres_url: str) -> AsyncIterator[Organizations]:
    """Yield both."""
    url = await migrated_database(postgres_url, "long_lists")
    database = Database(as_login(url, RUNS))
    made = Organizations(await new_company(database), await new_company(database), url)
    for company, customers in ((made.small, SMALL), (made.large, LARGE)):
        fill(url, "crowd", {"org": company.org_id, "customers": customers, "entries": 1})
    yield made
    await database.close()


@pytest.mark.parametrize("name", some(3, LISTS))
async def test_a_list_of_a_large_organization_reads_no_more_rows(
    organizations: Organizations, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", COUNTED)
    read = LISTS[name]
    (few, of_few), (many, of_many) = [
        await organizations.read(one, read, Paging(limit=20)) for one in (organizations.small, organizations.large)
    ]
    assert len(few.rows) == len(many.rows)
    assert few.total == many.total <= COUNTED
    assert of_many.total() <= of_few.total() + SPREAD, of_many - of_few
    if few.next and many.next:
        (_, of_few), (_, of_many) = [
            await organizations.read(one, read, Paging(limit=20, after=after))
            for one, after in ((organizations.small, few.next), (organizations.large, many.next))
        ]
        assert of_many.total() <= of_few.total() + SPREAD, of_many - of_few


def everyone(queries: Queries, org_id: str, part: Paging) -> Awaitable[Page[Any]]:
    """Search for what every customer's name has."""
    return queries.customers.search(org_id, CustomerFilter(q="owd"), part)


async def test_a_search_for_what_everyone_has_reads_no_more_rows_of_a_large_organization(
    organizations: Organizations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_TERMS", COUNTED)
    monkeypatch.setattr(search, "MOST_TERMS_COUNTED", 2 * COUNTED)
    monkeypatch.setattr(paging, "MOST_COUNTED", COUNTED)
    (few, of_few), (many, of_many) = [
        await organizations.read(one, everyone, Paging(limit=20)) for one in (organizations.small, organizations.large)
    ]
    assert len(few.rows) == len(many.rows) == 20
    assert few.total == many.total == COUNTED
    assert of_many.total() <= of_few.total() + SPREAD, of_many - of_few


@pytest.mark.parametrize("text", ["owd 1", "-1@crowd.", "CROWD-12@crowd.ex", "owd 12345"])
async def test_a_search_finds_the_same_however_many_have_the_text(
    organizations: Organizations, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    async def found(most: int) -> list[tuple[list[str], int]]:
        monkeypatch.setattr(search, "MOST_TERMS", most)
        pages, after = list[tuple[list[str], int]](), None
        while not pages or after:

            def read(queries: Queries, org_id: str, part: Paging) -> Awaitable[Page[Any]]:
                return queries.customers.search(org_id, CustomerFilter(q=text), part)

            page, _ = await organizations.read(organizations.small, read, Paging(limit=20, after=after))
            pages.append(([one.customer_id for one in page.rows], page.total))
            after = page.next
        return pages

    assert await found(1) == await found(100_000)


async def test_a_list_that_is_sorted_otherwise_joins_the_rows_of_its_page_alone(organizations: Organizations) -> None:
    def by_name(queries: Queries, org_id: str, part: Paging) -> Awaitable[Page[Any]]:
        return queries.customers.search(org_id, CustomerFilter(), part, ListOrder(by="name", ascending=True))

    page, rows = await organizations.read(organizations.large, by_name, Paging(limit=20))

    assert [one.name for one in page.rows[:3]] == ["Crowd 1", "Crowd 10", "Crowd 100"]
    assert rows["billing_account"] <= 20 + SPREAD, rows


async def test_a_total_is_exact_up_to_the_most_that_are_counted(
    organizations: Organizations, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, totals = LISTS["customers"], []
    for counted in (SMALL - 1, SMALL, SMALL + 1):
        monkeypatch.setattr(paging, "MOST_COUNTED", counted)
        totals.append((await organizations.read(organizations.small, read, Paging(limit=20)))[0].total)

    assert totals == [SMALL - 1, SMALL, SMALL]

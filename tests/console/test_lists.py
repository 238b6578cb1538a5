"""Lists: filtered, in pages, and as CSV files that no spreadsheet runs anything of."""

import csv
import io
import re
from html import unescape
from http import HTTPStatus

import httpx
import pytest

from billflow.console import lists
from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, browsing
from tests.sizes import some


async def test_a_list_is_filtered_and_every_row_leads_on(env: ApiEnvironment, acme: Acme) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        active = await person.get("/lists/plans", status="active", tier="cloud_standard")
        ended = await person.get("/lists/plans", status="ended")
        numbered = await person.get("/lists/invoices", number=acme.invoice["number"])
        wrong = await person.get("/lists/plans", status="asleep")
        unknown = await person.get("/lists/secrets")

    assert f"/console/customers/{acme.customer['id']}" in active.text
    assert acme.customer["id"] not in ended.text
    assert f"/console/invoices/{acme.invoice['id']}" in numbered.text
    assert (wrong.status_code, unknown.status_code) == (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND)


ROW = re.compile(r'<tr>\s*<td><a href="/console/(?:customers|invoices)/([^"#]+)')


async def rows_of(person: ConsolePerson, noun: str, **query: str) -> list[str]:
    """Return the ids of a list's rows, page by page."""
    ids, page = list[str](), await person.get(f"/lists/{noun}", **query)
    while True:
        assert page.status_code == HTTPStatus.OK, page.text
        ids += ROW.findall(page.text)
        following = re.search(r'class="button" href="/console([^"]+)">Next page', page.text)
        if following is None:
            return ids
        page = await person.get(unescape(following[1]))


async def test_a_list_is_sorted_either_way_over_all_its_pages(
    env: ApiEnvironment, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "AT_ONCE", 2)
    made = {}
    for n, name in enumerate(("sorted B", "Sorted a", "sorted C", "SORTED b", "sorted  d")):
        body = {"name": name, "email": f"sorted{n}@example.com"}
        made[name] = (await api.post("/api/v1/customers", json=body)).raise_for_status().json()["id"]
    up = sorted(made, key=lambda name: (name.lower(), made[name]))
    async with browsing(env, ConsoleRole.VIEWER) as person:
        newest = await rows_of(person, "customers", q="sorted")
        ascending = await rows_of(person, "customers", q="sorted", sort="name")
        descending = await rows_of(person, "customers", q="sorted", sort="-name")
        page = await person.get("/lists/customers", q="sorted", sort="name")
        exported = await person.get("/lists/customers/csv", q="sorted", sort="-name")
        wrong = await person.get("/lists/customers", sort="secret")

    assert newest == [*made.values()][::-1]
    assert ascending == [made[name] for name in up]
    assert descending == ascending[::-1]
    assert [row["id"] for row in csv.DictReader(io.StringIO(exported.text))] == descending
    assert 'href="/console/lists/customers?q=sorted&amp;sort=-name" aria-current="true">Customer ↑' in page.text
    assert (wrong.status_code, "choose one of these" in wrong.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)


SORTS = [(noun, sort) for noun, kind in lists.LISTS.items() for sort in kind.sorts]


@pytest.mark.parametrize(("noun", "sort"), some(3, SORTS), ids=str)
async def test_every_list_is_sorted_by_every_heading_without_losing_a_row(
    env: ApiEnvironment, acme: Acme, monkeypatch: pytest.MonkeyPatch, noun: str, sort: str
) -> None:
    monkeypatch.setattr(lists, "EXPORTED_AT_ONCE", 3)
    async with browsing(env, ConsoleRole.VIEWER) as person:
        texts = [(await person.get(f"/lists/{noun}/csv", sort=one)).text for one in ("", sort, f"-{sort}")]
    newest, up, down = ([row["id"] for row in csv.DictReader(io.StringIO(text))] for text in texts)

    assert acme.plan["id"] in up + newest if noun == "plans" else newest
    assert up == down[::-1]
    assert sorted(up) == sorted(newest)


async def test_a_long_list_comes_in_pages_and_whole_as_csv(
    env: ApiEnvironment, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "AT_ONCE", 2)
    monkeypatch.setattr(lists, "EXPORTED_AT_ONCE", 2)
    names = {f"Paged {n}" for n in range(4)} | {"=Paged()"}
    for n, name in enumerate(sorted(names)):
        body = {"name": name, "email": f"paged{n}@example.com"}
        (await api.post("/api/v1/customers", json=body)).raise_for_status()
    async with browsing(env, ConsoleRole.VIEWER) as person:
        first = await person.get("/lists/customers", q="paged")
        exported = await person.get("/lists/customers/csv", q="paged")

    assert first.text.count("Paged") == 2
    assert "Next page" in first.text
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert {row["name"] for row in rows} == (names - {"=Paged()"}) | {"'=Paged()"}
    assert {row["email"] for row in rows} == {f"paged{n}@example.com" for n in range(5)}
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    assert exported.headers["content-disposition"] == 'attachment; filename="customers.csv"'

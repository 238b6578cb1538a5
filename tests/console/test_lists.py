"""Lists: filtered, in pages, and as CSV files that no spreadsheet runs anything of."""

import csv
import io
from http import HTTPStatus

import httpx
import pytest

from billflow.console import lists
from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, browsing


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

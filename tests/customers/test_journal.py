"""The journal of real customers ties to their statements and invoices, by HTTP, from Python and on the command line."""

import csv
import io
from collections import Counter
from decimal import Decimal

import httpx
import pytest

from billflow.client import InvalidInput, journal
from billflow.client.clients import AsyncClient
from billflow.models.contracts.journal import JournalFormat
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at
from tests.customers.lives import invoices_of

OF_CUSTOMERS = ("receivables", "customer_credit")
CUT = "2026-03-01T00:00:00Z"


async def exported(api: httpx.AsyncClient, customer: Json, **asked: str) -> list[dict[str, str]]:
    """Return the lines of the journal about a customer; other tests have others."""
    response = (await api.get("/api/v1/journal", params=asked)).raise_for_status()
    assert response.headers["content-type"].startswith("text/csv")
    lines = csv.DictReader(io.StringIO(response.text), delimiter=";" if asked.get("format") == "datev" else ",")
    return [line for line in lines if customer["id"] in (line.get("customer_id") or line["Buchungstext"])]


def held(lines: list[dict[str, str]]) -> Counter[str]:
    """Return what each account holds in minor units: debits less credits."""
    sums: Counter[str] = Counter()
    for line in lines:
        amount = int(Decimal(line["amount"]) * 100)
        assert amount > 0
        sums[line["debit"]] += amount
        sums[line["credit"]] -= amount
    return sums


@pytest.mark.full
async def test_the_journal_ties_to_statement_and_invoices(
    api: httpx.AsyncClient, env: ApiEnvironment, lived: Json
) -> None:
    [account] = (await api.get(at(lived, "statement"))).json()["accounts"]
    invoices: list[Json] = await invoices_of(api, lived)

    lines = await exported(api, lived)
    sums = held(lines)

    assert sum(sums[name] for name in OF_CUSTOMERS) == account["closing_balance"]
    assert sums["cash"] == account["payments"] - account["refunds"]
    assert sums["deferred_revenue"] == 0, "the months to come are in it"
    charged = sum(line["amount"] for invoice in invoices for line in invoice["lines"])
    billed = [line for line in lines if line["kind"] == "invoice" and line["debit"] == "receivables"]
    assert sum(Decimal(line["amount"]) for line in billed) * 100 == charged
    assert {line["kind"] for line in lines} == {
        "invoice",
        "revenue",
        "credit_note",
        "credit",
        "credit_applied",
        "void",
        "write_off",
        "payment",
        "refund",
    }
    assert {line["number"] for line in lines if line["kind"] == "invoice"} == {one["number"] for one in invoices}
    await _parts_are_the_whole(api, env, lived, lines)


async def _parts_are_the_whole(
    api: httpx.AsyncClient, env: ApiEnvironment, customer: Json, lines: list[dict[str, str]]
) -> None:
    """Hold two periods, DATEV's columns and the client's answer against the whole journal."""
    begun, ended = (
        await exported(api, customer, until=CUT),
        await exported(api, customer, since=CUT),
    )
    assert begun
    assert max(line["date"] for line in begun) < "2026-03-01" <= min(line["date"] for line in ended)
    assert sorted(map(str, begun + ended)) == sorted(map(str, lines))
    datev = await exported(api, customer, since=CUT, until="2027-01-01T00:00:00Z", format="datev")
    of_year = [line for line in ended if line["date"] < "2027"]
    assert [one["Umsatz (ohne Soll/Haben-Kz)"] for one in datev] == [one["amount"].replace(".", ",") for one in of_year]
    assert {one["Belegdatum"][2:] for one in datev} == {one["date"][5:7] for one in of_year}
    async with AsyncClient(env.api_url, await env.key(), trust_env=False) as client:
        assert (await client.do(journal.export())).decode().count(customer["id"]) == len(lines)
        with pytest.raises(InvalidInput, match="calendar year"):
            await client.do(journal.export(file_format=JournalFormat.DATEV))

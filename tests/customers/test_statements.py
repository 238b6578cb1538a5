"""A customer's statement of account ties to its invoices and its balance, on real servers."""

import httpx
import pytest

from billflow.client import customers
from billflow.client.clients import AsyncClient
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at, created
from tests.customers.lives import invoices_of
from tests.documents.test_pdf_and_html import pages

SUMS = ("opening_balance", "charges", "credits", "payments", "refunds", "closing_balance")


async def test_opening_and_closing_balance_tie_to_the_invoices_and_the_balance(
    api: httpx.AsyncClient, lived: Json
) -> None:
    stated = (await api.get(at(lived, "statement"))).json()
    [account] = stated["accounts"]
    invoices, report = await invoices_of(api, lived), (await api.get(at(lived, "report"))).json()

    due = {one["id"]: one["still_due"] for one in invoices if one["still_due"]}
    assert {one["invoice_id"]: one["still_due"] for one in account["invoices"]} == due
    assert account["closing_balance"] == sum(due.values()) - account["credit_on_account"]
    for name, sums in {"credit_on_account": "credit_balance", "closing_balance": "open_balance"}.items():
        assert account[name] == sum(one["amount"] for one in report[sums]) - (
            0 if name == "credit_on_account" else account["credit_on_account"]
        )
    assert account["charges"] == sum(one["total"] for one in invoices)
    assert account["payments"] == sum(one["amount_paid"] for one in invoices)
    assert account["refunds"] == sum(one["refunded"] for one in invoices)
    opening, charges, credits_, payments, refunds, closing = (account[name] for name in SUMS)
    assert (opening, opening + charges - credits_ - payments + refunds) == (0, closing)
    assert {entry["kind"] for entry in account["entries"]} == {
        "invoice",
        "payment",
        "credit",
        "credit_note",
        "refund",
        "void",
        "write_off",
    }
    assert {entry["memo"] for entry in account["entries"] if entry["kind"] == "payment"} == {None, "transfer 4711"}
    numbers = {one["number"] for invoice in invoices for one in invoice["adjustments"] if one["number"]}
    assert numbers <= {entry["number"] for entry in account["entries"]}


@pytest.mark.full
async def test_a_statement_begins_where_the_one_before_ended_and_is_printed_and_read_from_python(
    api: httpx.AsyncClient, env: ApiEnvironment, lived: Json
) -> None:
    cut, path = "2026-03-01T00:00:00Z", at(lived, "statement")

    before = (await api.get(path, params={"until": cut})).json()["accounts"][0]
    after = (await api.get(path, params={"since": cut})).json()["accounts"][0]
    pdf = await api.get(f"{path}/pdf", params={"since": cut})
    backwards = await api.get(path, params={"since": cut, "until": "2026-01-01T00:00:00Z"})

    assert after["opening_balance"] == before["closing_balance"]
    assert all(entry["at"] < cut for entry in before["entries"])
    assert all(entry["at"] >= cut for entry in after["entries"])
    assert (pdf.headers["content-type"], pages(pdf.content)) == ("application/pdf", 1)
    assert (backwards.status_code, backwards.json()["errors"][0]["field"]) == (422, "since")
    assert backwards.json()["detail"] == "since lies after until; name an earlier moment."
    async with AsyncClient(env.api_url, await env.key(), trust_env=False) as client:
        read = await client.do(customers.statement(lived["id"]))
        assert [account.closing_balance for account in read.accounts] == [after["closing_balance"]]


async def test_a_customer_without_invoices_has_an_empty_account(api: httpx.AsyncClient) -> None:
    customer = await created(api, default_currency="EUR")

    [account] = (await api.get(at(customer, "statement"))).json()["accounts"]

    assert (account["currency"], account["entries"], [account[name] for name in SUMS]) == ("EUR", [], [0] * 6)
    assert (await api.get(at(customer, "statement/pdf"))).status_code == 200

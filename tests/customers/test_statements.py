"""A customer's statement of account ties to its invoices and its balance, on real servers."""

import httpx
import pytest

from billflow.client import customers
from billflow.client.clients import AsyncClient
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at, created
from tests.customers.test_money import subscriber
from tests.documents.test_pdf_and_html import pages

SUMS = ("opening_balance", "charges", "credits", "payments", "refunds", "closing_balance")


async def invoices_of(api: httpx.AsyncClient, customer: Json) -> list[Json]:
    """Return the customer's invoices in full, the oldest first."""
    listed = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()["invoices"]
    return [(await api.get(f"/api/v1/invoices/{one['id']}")).json() for one in reversed(listed)]


async def lived(api: httpx.AsyncClient, env: ApiEnvironment) -> Json:
    """Return a customer that had a credit, a refund, notes, a reissue, a bank transfer, a write-off and a debt."""
    customer, clock = await subscriber(api, env, "monthly")
    plan = (await api.get("/api/v1/plans", params={"customer_id": customer["id"]})).json()["plans"][0]["id"]

    async def month(until: str, asked: dict[str, Json]) -> None:
        await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": f"2026-{until}T00:00:00Z"})
        newest = (await invoices_of(api, customer))[-1]["id"]
        for path, body in asked.items():
            (await api.post(f"/api/v1/invoices/{newest}/{path}", json=body)).raise_for_status()

    await api.post(at(customer, "credits"), json={"amount": 2500, "reason": "outage"})
    await month("01-20", {"refund": {"amount": 1000}, "credit-notes": {"amount": 500, "refund_method": "balance"}})
    await month("02-16", {"credit-notes": {"amount": 700}})
    command = {"type": "set_collection_method", "collection_method": "send_invoice"}
    (await api.post(f"/api/v1/plans/{plan}/commands", json=command)).raise_for_status()
    await month("03-16", {"credit-notes": {"amount": 300}, "reissue": {}})
    await month("03-17", {"mark-paid": {"reference": "transfer 4711"}})
    await month("04-16", {"mark-uncollectible": {"reason": "insolvent"}})
    await month("05-16", {})
    return customer


async def test_opening_and_closing_balance_tie_to_the_invoices_and_the_balance(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await lived(api, env)

    stated = (await api.get(at(customer, "statement"))).json()
    [account] = stated["accounts"]
    invoices, report = await invoices_of(api, customer), (await api.get(at(customer, "report"))).json()

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
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await lived(api, env)
    cut, path = "2026-03-01T00:00:00Z", at(customer, "statement")

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
        read = await client.do(customers.statement(customer["id"]))
        assert [account.closing_balance for account in read.accounts] == [after["closing_balance"]]


async def test_a_customer_without_invoices_has_an_empty_account(api: httpx.AsyncClient) -> None:
    customer = await created(api, default_currency="EUR")

    [account] = (await api.get(at(customer, "statement"))).json()["accounts"]

    assert (account["currency"], account["entries"], [account[name] for name in SUMS]) == ("EUR", [], [0] * 6)
    assert (await api.get(at(customer, "statement/pdf"))).status_code == 200

"""Credit notes and refunds are documents with a number of their own, over HTTP and from Python."""

import asyncio

import httpx
import psycopg
import pytest

from billflow.client import adjustments, invoices
from billflow.client.clients import AsyncClient
from billflow.domain.document_numbers import n_of_document
from billflow.migrations.versions.v0032_adjustment_documents import NUMBERS
from tests.api.test_adjustments import REFUSAL, bought
from tests.api_environment import ApiEnvironment
from tests.documents.test_pdf_and_html import pages


@pytest.mark.full
async def test_numbers_follow_each_other_without_gaps_whoever_asks_at_once_and_whatever_stripe_refuses(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    invoice = await bought(api, env)
    address = f"/api/v1/invoices/{invoice['id']}"
    rule = {"fault": "status", "operation": "refund.create", "status": 400, "body": REFUSAL, "count": 1}
    await env.control("POST", "/faults", requests=[rule])

    refused = await api.post(f"{address}/refund", json={"amount": 100})
    await asyncio.gather(*(api.post(f"{address}/{path}", json={"amount": 100}) for path in ["credit-notes"] * 4))
    held = (await api.get(f"{address}/adjustments")).json()

    assert refused.status_code == 409
    numbers = {
        kind: sorted(n_of_document(kind, one["number"]) or 0 for one in held[f"{kind}s"] if one["number"])
        for kind in ("credit_note", "refund")
    }
    assert {kind: len(found) for kind, found in numbers.items()} == {"credit_note": 4, "refund": 4}
    assert all(found == list(range(found[0], found[0] + 4)) for found in numbers.values())
    assert [one["number"] for one in held["refunds"] if one["status"] == "rejected"] == [None]
    events = (await api.get("/api/v1/events", params={"type": "invoice.credit_note_succeeded"})).json()["events"]
    assert {one["number"] for one in held["credit_notes"]} <= {event["data"].get("number") for event in events}


async def test_a_credit_note_and_a_refund_are_fetched_as_data_and_as_pdf(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    invoice = await bought(api, env)
    note = (await api.post(f"/api/v1/invoices/{invoice['id']}/credit-notes", json={"amount": 500})).json()
    [refund] = (await api.get(f"/api/v1/invoices/{invoice['id']}/adjustments")).json()["refunds"]
    paths = (f"/credit-notes/{note['id']}", f"/refunds/{refund['id']}")

    shown = [(await api.get(f"/api/v1{path}")).json() for path in paths]
    printed = [await api.get(f"/api/v1{path}/pdf") for path in paths]

    assert shown == [note, refund]
    names = [answer.headers["content-disposition"].rpartition("'")[2] for answer in printed]
    assert names == [f"{note['number']}.pdf", f"{refund['number']}.pdf"]
    assert [(answer.headers["content-type"], pages(answer.content)) for answer in printed] == [
        ("application/pdf", 1),
        ("application/pdf", 1),
    ]
    async with AsyncClient(env.api_url, await env.key(), trust_env=False) as client:
        assert (await client.do(adjustments.credit_note(note["id"]))).number == note["number"]
        assert (await client.do(adjustments.refund(refund["id"]))).amount == 500
        assert (await client.do(invoices.adjustments(str(invoice["id"])))).refunds[0].number == refund["number"]


@pytest.mark.parametrize("noun", ["credit-notes", "refunds"])
async def test_a_document_of_nobody_is_not_found(api: httpx.AsyncClient, noun: str) -> None:
    nobody = f"/api/v1/{noun}/00000000-0000-4000-8000-000000000000"

    assert [(await api.get(path)).json()["code"] for path in (nobody, f"{nobody}/pdf")] == ["not_found"] * 2


@pytest.mark.full
async def test_what_stripe_refused_is_no_document(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    invoice = await bought(api, env)
    rule = {"fault": "status", "operation": "refund.create", "status": 400, "body": REFUSAL, "count": 1}
    await env.control("POST", "/faults", requests=[rule])
    await api.post(f"/api/v1/invoices/{invoice['id']}/refund", json={"amount": 100})
    [refund] = (await api.get(f"/api/v1/invoices/{invoice['id']}/adjustments")).json()["refunds"]

    answer = await api.get(f"/api/v1/refunds/{refund['id']}/pdf")

    assert (answer.status_code, answer.json()["code"]) == (409, "adjustment_without_document")
    assert answer.json()["detail"] == "The refund is rejected; there is a document of it once it has succeeded."


@pytest.mark.full
async def test_what_was_carried_out_before_there_were_numbers_is_numbered_in_order(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    invoice = await bought(api, env)
    for _ in range(3):
        await api.post(f"/api/v1/invoices/{invoice['id']}/credit-notes", json={"amount": 100})
    query = "SELECT credit_note_id, refund_id, document_n FROM adjustment_answer ORDER BY sequence"

    async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
        given = await (await connection.execute(query)).fetchall()
        await connection.execute("ALTER TABLE adjustment_answer DISABLE TRIGGER adjustment_answer_append_only")
        await connection.execute("UPDATE adjustment_answer SET document_n = NULL")
        await connection.execute(NUMBERS)
        numbered = await (await connection.execute(query)).fetchall()
        await connection.rollback()

    assert numbered == given

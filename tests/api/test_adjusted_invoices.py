"""What was credited and refunded is on the invoice: over HTTP, explained, and printed."""

import httpx
import pytest

from billflow.documents.document import compose
from tests.api.test_adjustments import BY_MAIL, bought
from tests.api_environment import ApiEnvironment

SUMS = ("credited", "refunded", "net_paid", "still_due")


async def test_after_a_refund_and_a_credit_note_every_view_says_so(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    invoice = await bought(api, env)
    address, paid = f"/api/v1/invoices/{invoice['id']}", invoice["total"]
    asked = {"amount": 1000, "reason": "requested_by_customer"}
    refund = (await api.post(f"{address}/refund", json=asked)).json()
    note = (await api.post(f"{address}/credit-notes", json={"amount": 500, "memo": "Sorry."})).json()

    shown = (await api.get(address)).json()
    explained = (await api.get(f"{address}/explain")).json()
    record = await env.engine.queries.invoices.get(env.org_id, str(invoice["id"]))
    [printed] = compose(record, None, await env.engine.repositories.organizations.seller(env.org_id)).tables

    assert [shown[name] for name in SUMS] == [500, 1500, int(str(paid)) - 1500, 0]
    assert [explained[name] for name in SUMS] == [shown[name] for name in SUMS]
    kinds = [(one["kind"], one["adjustment_id"], one["amount"], one["reason"]) for one in shown["adjustments"]]
    assert kinds[:2] == [
        ("refund", refund["refund_id"], 1000, "requested_by_customer"),
        ("credit_note", note["credit_note_id"], 500, "order_change"),
    ]
    assert [one["credit_note_id"] for one in shown["adjustments"]] == [None, None, note["credit_note_id"]]
    day = note["at"][:10]
    assert [one["sentence"] for one in explained["adjustments"]] == [
        f"On {day} USD 10 was refunded (requested by customer).",
        f"On {day} a credit note took USD 5 off (order change, Sorry.).",
        f"On {day} USD 5 was refunded by a credit note.",
    ]
    assert [row.cells[-2:] for row in printed.rows] == [
        ("", "$10.00"),
        ("$5.00", ""),
        ("", "$5.00"),
        ("$5.00", "$15.00"),
    ]


@pytest.mark.parametrize(("path", "kind"), [("void", "void"), ("mark-uncollectible", "write_off")])
async def test_what_closed_an_invoice_is_shown_with_date_and_reason(
    api: httpx.AsyncClient, env: ApiEnvironment, path: str, kind: str
) -> None:
    invoice = await bought(api, env, **BY_MAIL)
    address = f"/api/v1/invoices/{invoice['id']}"

    await api.post(f"{address}/{path}", json={"reason": "Jo asked for it"})
    shown = (await api.get(address)).json()

    [closed] = shown["adjustments"]
    assert (closed["kind"], closed["amount"], closed["reason"]) == (kind, invoice["total"], "Jo asked for it")
    assert (shown["still_due"], shown["net_paid"]) == (0, 0)

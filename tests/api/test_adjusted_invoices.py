"""What was credited and refunded is on the invoice: over HTTP, explained, and printed."""

import httpx
import pytest

from billflow.documents.document import compose
from tests.api.test_adjustments import BY_MAIL, bought
from tests.api_environment import ApiEnvironment
from tests.sizes import further

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
    seller = await env.engine.repositories.sellers.printed(env.org_id, None, is_issued=True)
    [printed] = compose(record, None, seller).tables

    assert [shown[name] for name in SUMS] == [500, 1500, int(str(paid)) - 1500, 0]
    assert [explained[name] for name in SUMS] == [shown[name] for name in SUMS]
    refunded, credited, to_card = shown["adjustments"]
    assert (refunded["adjustment_id"], refunded["amount"]) == (refund["id"], 1000)
    assert (credited["adjustment_id"], credited["amount"]) == (note["id"], 500)
    assert (to_card["amount"], to_card["credit_note_id"]) == (500, note["id"])
    day = note["at"][:10]
    assert [one["sentence"] for one in explained["adjustments"]] == [
        f"On {day} refund {refunded['number']} paid USD 10 back (requested by customer).",
        f"On {day} credit note {note['number']} took USD 5 off (order change, Sorry.).",
        f"On {day} refund {to_card['number']} paid USD 5 back.",
    ]
    assert [row.cells[-2:] for row in printed.rows] == [
        ("", "$10.00"),
        ("$5.00", ""),
        ("", "$5.00"),
        ("$5.00", "$15.00"),
    ]


@pytest.mark.full
@pytest.mark.parametrize(("path", "kind"), [("void", "void"), *further(("mark-uncollectible", "write_off"))])
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

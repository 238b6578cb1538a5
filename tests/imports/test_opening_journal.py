"""What was due when a customer moved in is in the journal, which ties to its statement of account."""

import csv
import io
from collections import Counter
from decimal import Decimal

import httpx

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import at
from tests.imports.openings import BEGIN, RENEWAL, Json, opening, with_invoice, with_plan
from tests.imports.test_import import a_clock, advance, imported


async def posted(api: httpx.AsyncClient, customer: str) -> list[tuple[str, str, str, str, str]]:
    """Return kind, day, accounts and amount of each posting about a customer."""
    text = (await api.get("/api/v1/journal")).raise_for_status().text
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["customer_id"] == customer]
    return [(row["kind"], row["date"], row["debit"], row["credit"], row["amount"]) for row in rows]


def owed(postings: list[tuple[str, str, str, str, str]]) -> int:
    """Return receivables less customer credit, in minor units."""
    held: Counter[str] = Counter()
    for _, _, debit, credit, amount in postings:
        held[debit] += int(Decimal(amount) * 100)
        held[credit] -= int(Decimal(amount) * 100)
    return held["receivables"] + held["customer_credit"]


async def balance(api: httpx.AsyncClient, customer: str) -> int:
    """Return what the customer owes by its statement of account."""
    [account] = (await api.get(at({"id": customer}, "statement"))).json()["accounts"]
    return int(account["closing_balance"])


async def test_open_invoices_and_credit_are_opening_balances_and_what_follows_is_posted(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    clock = await a_clock(api)
    bundle: Json = with_plan(opening(credit_balance=500))
    bundle = with_invoice(bundle, "J-1")
    bundle = with_invoice(bundle, "J-2", status="open", paid_at=None, amount_paid=800)
    bundle = with_invoice(bundle, "J-3", status="open", paid_at=None, amount_paid=0, total=900)

    [customer, *_] = [row["id"] for row in await imported(api, bundle, test_clock_id=clock)]

    assert sorted(await posted(api, customer)) == [
        ("opening_balance", "2026-01-20", "opening_balances", "customer_credit", "5.00"),
        ("opening_balance", "2026-01-20", "receivables", "opening_balances", "40.00"),
        ("opening_balance", "2026-01-20", "receivables", "opening_balances", "9.00"),
    ]
    assert owed(await posted(api, customer)) == await balance(api, customer) == 4400
    await env.give_card(customer)
    await advance(api, clock, "2026-02-16T00:00:00Z")
    bundle["invoices"][1] |= {"status": "void", "closed_at": "2026-02-01T00:00:00Z"}
    bundle["invoices"][2] |= {"status": "paid", "amount_paid": 900, "paid_at": "2026-02-03T00:00:00Z"}
    await imported(api, bundle, test_clock_id=clock)

    later = await posted(api, customer)
    assert [one for one in later if one[0] in ("void", "payment")][:2] == [
        ("void", "2026-02-01", "opening_balances", "receivables", "40.00"),
        ("payment", "2026-02-03", "cash", "receivables", "9.00"),
    ]
    assert ("credit_applied", RENEWAL[:10], "customer_credit", "receivables", "5.00") in later
    assert owed(later) == await balance(api, customer) == 0
    assert BEGIN[:10] not in {day for _, day, *_ in later}

"""Importing over the API: whole or not at all, each once, and the plans go on where the other system ended."""

from typing import Any

import httpx
import pytest

from billflow.domain.scopes import Scope
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import at
from tests.imports.openings import RENEWAL, Json, opening, with_invoice, with_plan


async def a_clock(api: httpx.AsyncClient, now_at: str = "2026-01-20T00:00:00Z") -> str:
    return str((await api.post("/api/v1/test-clocks", json={"now_at": now_at})).json()["id"])


async def advance(api: httpx.AsyncClient, clock: str, to: str) -> None:
    (await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": to})).raise_for_status()


async def imported(api: httpx.AsyncClient, *bundles: Json, **terms: Any) -> list[Json]:
    """Import customers; return what became of each row."""
    answer = await api.post("/api/v1/imports", json={"customers": list(bundles), **terms})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["records"])


def outcomes(rows: list[Json]) -> list[tuple[str, str]]:
    return [(row["kind"], row["outcome"]) for row in rows]


async def lines_of(api: httpx.AsyncClient, customer: str) -> list[tuple[str, int, int, str, str]]:
    """Return quantity, unit, and period of each line billed, the oldest invoice first."""
    listed = (await api.get("/api/v1/invoices", params={"customer_id": customer})).json()["invoices"]
    shown = [(await api.get(f"/api/v1/invoices/{one['id']}")).json() for one in reversed(listed)]
    return [
        (line["description"], line["quantity"], line["unit_amount"], line["period_start"][:10], line["period_end"][:10])
        for one in shown
        for line in one["lines"]
    ]


async def test_a_plan_goes_on_at_its_old_price_where_the_old_period_ends(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    clock = await a_clock(api)
    bundle = with_invoice(with_plan(opening(credit_balance=1000), price_per_license=700), "A-1")

    rows = await imported(api, bundle, test_clock_id=clock)

    assert outcomes(rows) == [("customer", "imported"), ("plan", "imported"), ("invoice", "imported")]
    customer, plan, _ = (row["id"] for row in rows)
    shown = (await api.get(f"/api/v1/plans/{plan}")).json()
    assert (shown["status"], shown["licenses"], shown["price_per_license"]) == ("active", 6, 700)
    assert shown["next_invoice_date"] == RENEWAL
    assert await lines_of(api, customer) == []
    await env.give_card(customer)
    command = {"type": "set_licenses", "licenses": 8}
    (await api.post(f"/api/v1/plans/{plan}/commands", json=command)).raise_for_status()
    await advance(api, clock, "2026-03-16T00:00:00Z")

    added = round(700 * 26 / 31)
    assert await lines_of(api, customer) == [
        ("Cloud Standard - renewal", 8, 700, "2026-02-15", "2026-03-15"),
        ("Additional Cloud Standard license", 2, added, "2026-01-20", "2026-02-15"),
        ("Cloud Standard - renewal", 8, 700, "2026-03-15", "2026-04-15"),
    ]
    [account] = (await api.get(at({"id": customer}, "statement"))).json()["accounts"]
    assert (account["charges"], account["payments"]) == (4800 + 5600 + 2 * added + 5600, 4800 + 4600 + 2 * added + 5600)
    assert (account["credits"], account["closing_balance"], account["credit_on_account"]) == (1000, 0, 0)


async def test_a_second_run_finds_everything_known_and_changes_nothing(api: httpx.AsyncClient) -> None:
    clock = await a_clock(api)
    bundle = with_invoice(with_plan(opening(credit_balance=700)), "B-1", status="open", paid_at=None, amount_paid=0)
    first = await imported(api, bundle, test_clock_id=clock)

    again = await imported(api, bundle, test_clock_id=clock)

    assert outcomes(again) == [("customer", "known"), ("plan", "known"), ("invoice", "known")]
    assert [row["id"] for row in again] == [row["id"] for row in first]
    customer = {"id": first[0]["id"]}
    assert (await api.get(at(customer, "credits"))).json()["balance"] == [{"currency": "USD", "amount": 700}]
    [account] = (await api.get(at(customer, "statement"))).json()["accounts"]
    assert (account["charges"], account["closing_balance"]) == (4800, 4100)


async def test_an_open_invoice_that_the_other_system_was_paid_is_followed(api: httpx.AsyncClient) -> None:
    unpaid = with_invoice(opening(), "C-1", status="open", paid_at=None, amount_paid=0)
    first = await imported(api, unpaid)
    customer = unpaid["customer"]["external_id"]
    paid = with_invoice({"customer": unpaid["customer"]}, "C-1", paid_at="2026-02-01T00:00:00Z")
    paid["invoices"][0]["external_id"] = f"{customer}_C-1"

    assert outcomes(await imported(api, paid)) == [("customer", "known"), ("invoice", "updated")]

    [account] = (await api.get(at({"id": first[0]["id"]}, "statement"))).json()["accounts"]
    assert [(entry["kind"], entry["at"][:10], entry["amount"]) for entry in account["entries"]] == [
        ("invoice", "2026-01-15", 4800),
        ("payment", "2026-02-01", -4800),
    ]


@pytest.mark.parametrize("check", [True, False], ids=["checked", "taken"])
async def test_a_customer_with_a_row_that_can_t_be_taken_keeps_nothing(api: httpx.AsyncClient, check: bool) -> None:
    clock = await a_clock(api)
    good, bad = with_plan(opening()), with_invoice(with_plan(opening(), tier="gold"), "D-1")

    rows = await imported(api, bad, good, check=check, test_clock_id=clock)

    assert outcomes(rows) == [
        ("customer", "held_back"),
        ("plan", "refused"),
        ("invoice", "held_back"),
        ("customer", "imported"),
        ("plan", "imported"),
    ]
    refused = rows[1]
    assert (refused["code"], refused["field"]) == ("unknown_tier", "tier")
    assert refused["external_id"] == f"{bad['customer']['external_id']}_sub"
    found = {
        one["customer"]["external_id"]: (
            await api.get("/api/v1/customers", params={"q": one["customer"]["email"]})
        ).json()
        for one in (good, bad)
    }
    assert [found[one["customer"]["external_id"]]["total"] for one in (good, bad)] == [0 if check else 1, 0]


async def test_a_check_goes_on_behind_a_row_that_is_refused(api: httpx.AsyncClient) -> None:
    clock = await a_clock(api)
    bad, other = with_invoice(with_plan(opening(), tier="gold"), "F-1"), opening()
    bad["plans"].append({**bad["plans"][0], "external_id": "second", "tier": "silver"})
    other["customer"]["email"] = bad["customer"]["email"]

    rows = await imported(api, bad, other, check=True, test_clock_id=clock)

    assert [(row["kind"], row["outcome"], row["message"] and row["message"].split(";")[0]) for row in rows] == [
        ("customer", "held_back", None),
        ("plan", "refused", "There is no tier 'gold'"),
        ("plan", "refused", "There is no tier 'silver'"),
        ("invoice", "held_back", None),
        ("customer", "imported", None),
    ]


async def test_a_check_finds_what_is_there_twice_in_what_is_imported(api: httpx.AsyncClient) -> None:
    one, other = opening(), opening()
    other["customer"]["email"] = one["customer"]["email"].upper()

    rows = await imported(api, one, other, check=True)

    assert [(row["outcome"], row["code"]) for row in rows] == [("imported", None), ("refused", "email_taken")]


async def test_a_customer_at_stripe_that_is_anothers_is_refused(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    stripe_customer = "cus_of_another"
    [first] = await imported(api, opening(stripe_customer_id=stripe_customer))
    elsewhere = await env.engine.repositories.organizations.ensure("import-elsewhere")
    async with env.client(await env.key(org_id=elsewhere)) as other:
        [second] = await imported(other, opening(stripe_customer_id=stripe_customer))

    assert first["outcome"] == "imported"
    assert (second["outcome"], second["code"], second["field"]) == (
        "refused",
        "stripe_customer_taken",
        "stripe_customer_id",
    )


@pytest.mark.full
async def test_a_coupon_and_agreed_prices_come_along(api: httpx.AsyncClient) -> None:
    clock = await a_clock(api)
    coupon = {
        "code": "MOVED",
        "name": "Moved in",
        "percent_off": "50",
        "duration": "repeating",
        "duration_in_months": 12,
    }
    answer = await api.post("/api/v1/coupons", json=coupon)
    assert answer.status_code in (201, 409), answer.text
    pricing = {"required_plan_tier": "cloud_standard", "monthly_discounted_price": 600}
    bundle = with_plan(opening(coupon="moved", coupon_months_left=1, pricing=pricing))

    rows = await imported(api, bundle, test_clock_id=clock)
    await advance(api, clock, "2026-03-16T00:00:00Z")

    billed = await lines_of(api, rows[0]["id"])
    assert [(name, quantity, unit) for name, quantity, unit, *_ in billed] == [
        ("Cloud Standard - renewal", 6, 600),
        ("Moved in (MOVED): 50% off", 1, -1800),
        ("Cloud Standard - renewal", 6, 600),
    ]


async def test_who_may_import_is_an_administrator(env: ApiEnvironment) -> None:
    async with env.client(await env.key(Scope.READ, Scope.WRITE, Scope.SUPPORT)) as api:
        answer = await api.post("/api/v1/imports", json={"customers": [opening()]})

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")

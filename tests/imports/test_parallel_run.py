"""Plans that Stripe goes on to bill: computed, compared with what Stripe issues, and never issued here."""

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import stripe

from tests.api_environment import API_KEY, ApiEnvironment, until
from tests.cli.terminal import Output
from tests.customers.fixtures import at
from tests.imports.account import Account
from tests.imports.openings import Json, opening, with_plan
from tests.imports.test_import import a_clock, advance, imported, lines_of, outcomes
from tests.imports.test_stripe import blocking, kept, read
from tests.stripe_emulator.test_clocks import advance as advance_stripe
from tests.stripe_emulator.test_subscriptions import HOUR, moment

Typed = Callable[..., Awaitable[Output]]

BEGIN, NOW = "2026-01-15", "2026-01-15T12:00:00Z"
MONTHS = 12


async def scores(api: httpx.AsyncClient, customer: str, **which: Any) -> Json:
    """Return the score of a customer's one plan."""
    answer = await api.get("/api/v1/parallel-run/plans", params={"customer_id": customer, **which})
    [plan] = answer.raise_for_status().json()["plans"]
    return dict(plan)


async def differences(api: httpx.AsyncClient, customer: str) -> list[Json]:
    answer = await api.get("/api/v1/parallel-run/differences", params={"customer_id": customer})
    return list(answer.raise_for_status().json()["differences"])


def counted(score: Json) -> tuple[int, ...]:
    return tuple(score[name] for name in ("equal", "different", "not_issued", "not_computed", "waiting"))


async def rows_of(database_url: str, table: str, plan: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        query = f"SELECT count(*) FROM {table} WHERE plan_id = %s"  # noqa: S608  (tables of ours)
        [(count,)] = await (await connection.execute(query, [UUID(plan)])).fetchall()
        return int(count)


def an_account(env: ApiEnvironment, monthly: int = 700) -> Account:
    """Make an account of three subscriptions, one discounted for a while, one annual."""
    client = blocking(env)
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": moment(BEGIN)})
    account = Account(client, clock.id)
    account.price("monthly", monthly, "month")
    account.price("annual", 7000, "year")
    coupon: Any = {"percent_off": 50, "duration": "repeating", "duration_in_months": 3, "name": "Half off"}
    half = client.v1.coupons.create(coupon).id
    token = secrets.token_hex(4)  # other tests have customers of these names, too
    who = {name: {"email": f"{name}-{token}@old.example"} for name in ("plain", "half", "yearly")}
    account.subscribe("plain", "monthly", 4, customer=who["plain"])
    account.subscribe("half", "monthly", 3, customer=who["half"], discounts=[{"coupon": half}])
    account.subscribe("yearly", "annual", 10, customer=who["yearly"])
    return account


async def writes(env: ApiEnvironment) -> list[Json]:
    """Return what was asked of Stripe that changes anything there."""
    log = (await env.control("GET", f"/requests?key={API_KEY}"))["data"]
    return [one for one in log if one["method"] != "GET"]


async def bill_at_stripe(env: ApiEnvironment, account: Account, day: str) -> None:
    """Move the account's clock past what is due on a day: Stripe finalizes an hour after its draft is known of."""
    client = blocking(env)
    advance_stripe(client, account.clock, moment(day))

    async def all_known() -> bool:
        drafts = [draft for one in account.customers.values() for draft in invoices(one, "draft")]
        return all(draft.webhooks_delivered_at for draft in drafts)

    def invoices(customer: str, status: Any) -> list[stripe.Invoice]:
        return client.v1.invoices.list({"customer": customer, "status": status}).data

    await until(all_known)
    advance_stripe(client, account.clock, moment(day) + 2 * HOUR)


async def in_parallel(
    api: httpx.AsyncClient, env: ApiEnvironment, terminal: Typed, folder: Path, account: Account
) -> tuple[str, dict[str, str]]:
    """Import an account in a parallel run; return the test clock, and customers by name."""
    await read(env, folder, account.clock)
    kept(folder, account)
    prices = folder.parent / "prices.toml"
    prices.write_text("".join(f'[prices.{price}]\ntier = "cloud_standard"\n' for price in account.prices.values()))
    clock = await a_clock(api, NOW)
    words = ("import", "stripe", str(folder), "--map", str(prices), "--test-clock", clock, "--parallel-run")
    answer = await terminal(*words, "--skip-refused", "--json")
    assert answer.code == 0, answer.out
    ids = {row["external_id"]: row["id"] for row in answer.data["records"] if row["kind"] == "customer"}
    return clock, {name: ids[stripe_id] for name, stripe_id in account.customers.items()}


@pytest.mark.full
async def test_a_year_beside_stripe_agrees_line_by_line_and_nothing_leaves(
    api: httpx.AsyncClient, env: ApiEnvironment, terminal: Typed, env_database_url: str, tmp_path: Path
) -> None:
    account = an_account(env)
    clock, customers = await in_parallel(api, env, terminal, tmp_path / "read", account)
    asked = len(await writes(env))

    for month in range(2, 2 + MONTHS):
        year, n = (2026, month) if month < 13 else (2027, 1)
        await bill_at_stripe(env, account, f"{year}-{n:02}-15")
        await advance(api, clock, f"{year}-{n:02}-15T02:00:00Z")

    for name, months in (("plain", MONTHS), ("half", MONTHS), ("yearly", MONTHS // 12)):
        customer = customers[name]

        async def all_came(customer: str = customer, months: int = months) -> bool:
            return counted(await scores(api, customer))[0] >= months

        await until(all_came)
        score = await scores(api, customer)
        assert counted(score) == (months, 0, 0, 0, 0)
        assert (score["state"], score["computed"], score["difference"]) == ("parallel", score["issued"], 0)
        assert await differences(api, customer) == []
        assert await lines_of(api, customer) == []
        assert await rows_of(env_database_url, "computed_invoice", score["plan_id"]) == months
        for table in ("invoice", "plan_notice", "credit", "outbox_event"):
            assert await rows_of(env_database_url, table, score["plan_id"]) == 0, table
    assert {one["operation"] for one in (await writes(env))[asked:]} <= {"test_helpers.test_clock.advance"}


@pytest.mark.full
async def test_an_upgrade_that_stripe_prorates_is_one_change_and_its_rounding_is_told(
    api: httpx.AsyncClient, env: ApiEnvironment, terminal: Typed, tmp_path: Path
) -> None:
    account = an_account(env, 660)
    clock, customers = await in_parallel(api, env, terminal, tmp_path / "read", account)
    client, customer = blocking(env), customers["plain"]
    [subscription] = client.v1.subscriptions.list({"customer": account.customers["plain"]}).data
    item = subscription["items"]["data"][0]["id"]
    advance_stripe(client, account.clock, moment("2026-01-20"))
    await advance(api, clock, "2026-01-20T00:00:00Z")
    client.v1.subscription_items.update(item, {"quantity": 6})
    plan = (await scores(api, customer))["plan_id"]
    command = {"type": "set_licenses", "licenses": 6}
    (await api.post(f"/api/v1/plans/{plan}/commands", json=command)).raise_for_status()

    await bill_at_stripe(env, account, "2026-02-15")
    await advance(api, clock, "2026-02-15T02:00:00Z")

    async def compared() -> bool:
        return counted(await scores(api, customer)) == (0, 1, 0, 0, 0)

    await until(compared)
    [found] = await differences(api, customer)
    ours, theirs = 2 * round(660 * 26 / 31), round(6 * 660 * 26 / 31) - round(4 * 660 * 26 / 31)
    assert (found["computed"], found["issued"]) == (6 * 660 + ours, 6 * 660 + theirs)
    assert (found["difference"], found["causes"]) == (ours - theirs, {"rounding": ours - theirs})
    assert ours - theirs == 1


@pytest.mark.full
async def test_the_renewal_at_the_cutover_is_billed_here_and_only_here(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    clock = await a_clock(api)
    customer, plan, external = await an_old_plan(api, clock)
    await env.give_card(customer)
    await advance(api, clock, "2026-02-16T00:00:00Z")
    async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
        await connection.execute("UPDATE customer_plan SET cutover_at = '2026-03-15Z' WHERE id = %s", [UUID(plan)])

    await advance(api, clock, "2026-04-16T00:00:00Z")

    assert [line[1:] for line in await lines_of(api, customer)] == [
        (6, 800, "2026-03-15", "2026-04-15"),
        (6, 800, "2026-04-15", "2026-05-15"),
    ]
    assert await rows_of(env_database_url, "computed_invoice", plan) == 1
    async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
        query = "SELECT at::date::text FROM outbox_event WHERE plan_id = %s AND type = 'plan.renewed' ORDER BY at"
        told = await (await connection.execute(query, [UUID(plan)])).fetchall()
    assert told == [("2026-03-15",), ("2026-04-15",)]
    await take(api, an_invoice(external, "1", "2026-02-15", "2026-03-15"))
    score = await scores(api, customer)
    assert (score["state"], counted(score)) == ("cut_over", (1, 0, 0, 0, 0))
    await take(api, an_invoice(external, "2", "2026-03-15", "2026-04-15"))
    [twice] = await differences(api, customer)
    assert (twice["verdict"], twice["at"], twice["difference"]) == ("not_computed", "2026-03-15T00:00:00Z", -4800)


async def an_old_plan(api: httpx.AsyncClient, clock: str, **terms: Any) -> tuple[str, str, str]:
    """Import a plan of six licenses in a parallel run; return customer, plan and its external id."""
    bundle = with_plan(opening(), **terms)
    customer, plan = await imported(api, bundle, test_clock_id=clock, parallel_run=True)
    return customer["id"], plan["id"], plan["external_id"]


def an_invoice(plan: str, number: str, day: str, until: str, *, quantity: int = 6, unit: int = 800) -> Json:
    """Return what the old system issued for a plan on a day, with one line."""
    name, total = f"{plan}_{number}", quantity * unit
    about = {"external_id": name, "customer": plan.removesuffix("_sub"), "plan": plan, "number": number}
    terms = {"status": "open", "currency": "USD", "total": total, "issued_at": f"{day}T01:00:00Z"}
    period = {"period_start": f"{day}T00:00:00Z", "period_end": f"{until}T00:00:00Z"}
    line = {"invoice": name, "quantity": quantity, "unit_amount": unit, "amount": total, **period}
    return {"invoices": [{**about, **terms, **period}], "invoice_lines": [line]}


async def take(api: httpx.AsyncClient, issued: Json) -> list[Json]:
    answer = await api.post("/api/v1/parallel-run/invoices", json=issued)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["records"])


async def test_one_planted_difference_is_found_with_its_cause(api: httpx.AsyncClient) -> None:
    clock = await a_clock(api)
    customer, plan, external = await an_old_plan(api, clock)
    await advance(api, clock, "2026-04-16T12:00:00Z")
    first = an_invoice(external, "1", "2026-02-15", "2026-03-15")
    planted = an_invoice(external, "2", "2026-03-15", "2026-04-15", unit=900)

    assert outcomes(await take(api, first)) == outcomes(await take(api, planted)) == [("invoice", "imported")]
    assert outcomes(await take(api, first)) == [("invoice", "known")]

    score = await scores(api, customer)
    assert counted(score) == (1, 1, 1, 0, 0)
    assert (score["plan_id"], score["external_id"], score["matches_since"]) == (plan, external, None)
    assert (score["computed"], score["issued"], score["difference"]) == (3 * 4800, 4800 + 5400, 4800 - 600)
    missing, different = await differences(api, customer)
    assert (missing["at"], missing["verdict"], missing["causes"]) == (
        "2026-04-15T00:00:00Z",
        "not_issued",
        {"invoice": 4800},
    )
    [line] = different["lines"]
    assert (different["verdict"], different["causes"]) == ("different", {"price": -600})
    assert (line["computed_derivation"], line["issued_derivation"]) == (
        "USD 8 × 6 = USD 48",
        "USD 9 × 6 = USD 54",
    )


@pytest.mark.full
async def test_an_invoice_that_is_voided_is_not_issued_and_one_of_no_plan_is_refused(api: httpx.AsyncClient) -> None:
    clock = await a_clock(api)
    customer, _, external = await an_old_plan(api, clock)
    await advance(api, clock, "2026-02-17T00:00:00Z")
    issued = an_invoice(external, "1", "2026-02-15", "2026-03-15")
    await take(api, issued)
    assert counted(await scores(api, customer)) == (1, 0, 0, 0, 0)

    issued["invoices"][0] |= {"status": "void", "closed_at": "2026-02-16T00:00:00Z"}
    assert outcomes(await take(api, issued)) == [("invoice", "updated")]
    assert counted(await scores(api, customer)) == (0, 0, 1, 0, 0)
    [refused] = await take(api, an_invoice("nobody_sub", "1", "2026-02-15", "2026-03-15"))
    assert (refused["outcome"], refused["code"], refused["field"]) == ("refused", "plan_not_imported", "plan")


@pytest.mark.full
async def test_credit_stays_with_the_old_system_and_its_invoices_are_in_the_statement(api: httpx.AsyncClient) -> None:
    clock = await a_clock(api)
    bundle = with_plan(opening(credit_balance=900))
    customer, plan = await imported(api, bundle, test_clock_id=clock, parallel_run=True)
    assert customer["mapped"]["credit"] == 0
    await advance(api, clock, "2026-02-16T00:00:00Z")
    await take(api, an_invoice(plan["external_id"], "1", "2026-02-15", "2026-03-15"))

    [account] = (await api.get(at({"id": customer["id"]}, "statement"))).json()["accounts"]

    assert (account["charges"], account["credits"], account["closing_balance"]) == (4800, 0, 4800)
    report = (await api.get(at({"id": customer["id"]}, "report"))).json()
    assert report["monthly_recurring_revenue"] == []


async def test_commands_are_taken_and_bill_nothing_but_those_that_the_old_system_would_have_to_follow(
    api: httpx.AsyncClient, env_database_url: str
) -> None:
    clock = await a_clock(api)
    customer, plan, external = await an_old_plan(api, clock, price_per_license=660)

    async def command(**asked: Any) -> httpx.Response:
        return await api.post(f"/api/v1/plans/{plan}/commands", json=asked)

    (await command(type="set_licenses", licenses=8)).raise_for_status()
    for refused in (
        await command(type="add_item", description="Training", unit_amount=500),
        await command(type="upgrade_tier_now", tier="cloud_plus"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "in_parallel_run")
    await advance(api, clock, "2026-02-16T00:00:00Z")

    assert await lines_of(api, customer) == []
    assert await rows_of(env_database_url, "computed_invoice", plan) == 1
    shown = (await api.get(f"/api/v1/plans/{plan}")).json()
    assert (shown["licenses"], shown["next_invoice_date"]) == (8, "2026-03-15T00:00:00Z")
    issued = an_invoice(external, "1", "2026-02-15", "2026-03-15", quantity=8, unit=660)
    period = {"period_start": "2026-01-20T00:00:00Z", "period_end": "2026-02-15T00:00:00Z"}
    name, share = issued["invoices"][0]["external_id"], 26 / 31
    more = {"invoice": name, "kind": "proration", "quantity": 8, "amount": round(660 * 8 * share), **period}
    less = {"invoice": name, "kind": "proration", "quantity": 6, "amount": -round(660 * 6 * share), **period}
    issued["invoice_lines"] += [more, less]
    issued["invoices"][0]["total"] += more["amount"] + less["amount"]
    await take(api, issued)

    [found] = await differences(api, customer)
    assert (2 * round(660 * share), more["amount"] + less["amount"]) == (1108, 1107)
    assert (found["difference"], found["causes"]) == (1, {"rounding": 1})

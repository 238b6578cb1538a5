"""Plans that Stripe's subscriptions go on to bill: computed, compared with what Stripe issues, and never issued here."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from tests.api_environment import API_KEY, ApiEnvironment, until
from tests.cli.terminal import Output
from tests.customers.fixtures import at
from tests.imports.account import Account
from tests.imports.openings import Json, opening, with_invoice, with_plan
from tests.imports.test_import import a_clock, advance, imported, lines_of, outcomes
from tests.imports.test_stripe import blocking, kept, read
from tests.stripe_emulator.test_clocks import advance as advance_stripe
from tests.stripe_emulator.test_subscriptions import HOUR, moment

Typed = Callable[..., Awaitable[Output]]

BEGIN, NOW = "2026-01-15", "2026-01-15T12:00:00Z"


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


async def rows_of(database_url: str, table: str, customer: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        query = f"SELECT count(*) FROM {table} WHERE customer_id = %s"  # noqa: S608  (tables of ours)
        [(count,)] = await (await connection.execute(query, [UUID(customer)])).fetchall()
        return int(count)


def an_account(env: ApiEnvironment) -> Account:
    """Make an account of three subscriptions, one discounted for a while, one annual."""
    client = blocking(env)
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": moment(BEGIN)})
    account = Account(client, clock.id)
    account.price("monthly", 700, "month")
    account.price("annual", 7000, "year")
    coupon: Any = {"percent_off": 50, "duration": "repeating", "duration_in_months": 3, "name": "Half off"}
    half = client.v1.coupons.create(coupon).id
    account.subscribe("plain", "monthly", 4)
    account.subscribe("half", "monthly", 3, discounts=[{"coupon": half}])
    account.subscribe("yearly", "annual", 10)
    return account


async def writes(env: ApiEnvironment) -> list[Json]:
    """Return what was asked of Stripe that changes anything there."""
    log = (await env.control("GET", f"/requests?key={API_KEY}"))["data"]
    return [one for one in log if one["method"] != "GET"]


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


async def test_a_year_beside_stripe_agrees_line_by_line_and_nothing_leaves(  # noqa: PLR0917
    api: httpx.AsyncClient, env: ApiEnvironment, terminal: Typed, env_database_url: str, tmp_path: Path
) -> None:
    account = an_account(env)
    clock, customers = await in_parallel(api, env, terminal, tmp_path / "read", account)
    asked = len(await writes(env))

    for month in range(2, 14):
        year, n = (2026, month) if month < 13 else (2027, 1)
        advance_stripe(blocking(env), account.clock, moment(f"{year}-{n:02}-15") + 2 * HOUR)
        await advance(api, clock, f"{year}-{n:02}-15T02:00:00Z")

    for name, months in (("plain", 12), ("half", 12), ("yearly", 1)):
        customer = customers[name]

        async def all_came(customer: str = customer, months: int = months) -> bool:
            return counted(await scores(api, customer))[0] >= months

        await until(all_came)
        score = await scores(api, customer)
        assert counted(score) == (months, 0, 0, 0, 0)
        assert (score["state"], score["computed"], score["difference"]) == ("parallel", score["issued"], 0)
        assert await differences(api, customer) == []
        assert await lines_of(api, customer) == []
        assert await rows_of(env_database_url, "computed_invoice", customer) == months
        for table in ("invoice", "mail", "plan_notice", "credit"):
            assert await rows_of(env_database_url, table, customer) == 0, table
    assert {one["operation"] for one in (await writes(env))[asked:]} <= {"test_clock.advance"}

"""`billflow import stripe`: an account read by page, mapped, imported, and billed on as the old system would have."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from billflow.imports.price_map import PriceMap, PriceMapping
from billflow.imports.stripe_customers import invoice_row
from billflow.imports.stripe_objects import load_objects
from billflow.imports.stripe_rows import bundle_stripe
from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationScope
from billflow.payments.client import stripe_client
from billflow.payments.imports import StripeReader
from billflow.temporal.workflow_starts import reconciliation_workflow
from tests.api_environment import API_KEY, ApiEnvironment
from tests.cli.terminal import Output, billflow, environment
from tests.customers.fixtures import at
from tests.imports.account import Account, an_account
from tests.imports.openings import Json
from tests.imports.test_import import a_clock, advance, lines_of
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.test_subscriptions import moment

Typed = Callable[..., Awaitable[Output]]

BEGIN, NOW = "2026-01-15", "2026-01-15T12:00:00Z"


BILLED: dict[str, list[tuple[int, int, str, str]]] = {
    "plain": [(4, 700, "2026-02-15", "2026-03-15"), (4, 700, "2026-03-15", "2026-04-15")],
    "half": [
        (3, 700, "2026-02-15", "2026-03-15"),
        (1, -1050, "2026-02-15", "2026-03-15"),
        (3, 700, "2026-03-15", "2026-04-15"),
        (1, -1050, "2026-03-15", "2026-04-15"),
    ],
    "yearly": [],
    "leaving": [],
    "trying": [(5, 700, "2026-02-04", "2026-03-04"), (5, 700, "2026-03-04", "2026-04-04")],
    "growing": [(6, 7000, "2026-02-15", "2027-02-15")],
}
"""Quantity, unit and period of each line, two months after the import."""


def blocking(env: ApiEnvironment) -> stripe.StripeClient:
    return client_for(env.stripe_url, API_KEY, checked=False)


async def read(env: ApiEnvironment, folder: Path, clock: str) -> None:
    async with stripe_client(API_KEY, env.stripe_url) as client:
        await StripeReader(client, folder, clock).read(lambda *_: None)


@pytest.fixture(scope="module")
async def account(env: ApiEnvironment) -> Account:
    """Make the account once: what the tests do with it leaves it as it is."""
    return an_account(blocking(env), moment(BEGIN))


@pytest.fixture
def price_map(account: Account, tmp_path: Path) -> Path:
    file = tmp_path / "prices.toml"
    file.write_text("".join(f'[prices.{price}]\ntier = "cloud_standard"\n' for price in account.prices.values()))
    return file


def kept(folder: Path, account: Account) -> None:
    """Leave only the account's own objects: other tests have theirs at the same emulator."""
    mine = set(account.customers.values())
    for kind in ("customers", "subscriptions", "subscription_schedules", "invoices", "balances"):
        file = folder / f"{kind}.jsonl"
        objects = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        owned = [one for one in objects if (one["id"] if kind == "customers" else one["customer"]) in mine]
        file.write_text("".join(json.dumps(one) + "\n" for one in owned))


@pytest.mark.full
async def test_an_account_is_imported_and_billed_on_from_where_stripe_ends(  # noqa: PLR0917
    api: httpx.AsyncClient, env: ApiEnvironment, terminal: Typed, account: Account, price_map: Path, tmp_path: Path
) -> None:
    folder, clock = tmp_path / "read", await a_clock(api, NOW)
    await read(env, folder, account.clock)
    kept(folder, account)
    words = ("import", "stripe", str(folder), "--map", str(price_map), "--test-clock", clock, "--json")

    answer = await terminal(*words)
    assert answer.code == 0, answer.out
    taken = answer.data
    assert taken["counts"] == {"imported": 18}
    assert (await terminal(*words)).data["counts"] == {"known": 18}

    ids = {row["external_id"]: row["id"] for row in taken["records"] if row["kind"] == "customer"}
    ours = {name: ids[stripe_id] for name, stripe_id in account.customers.items()}
    shown = (await api.get(at({"id": ours["plain"]}))).json()
    assert (shown["billing_address"]["city"], shown["metadata"], shown["email"]) == (
        "Hamburg",
        {"crm": "7"},
        "plain@old.example",
    )
    for month in ("02-16", "03-16"):
        await advance(api, clock, f"2026-{month}T00:00:00Z")

    billed = {name: [line[1:] for line in await lines_of(api, customer)] for name, customer in ours.items()}
    assert billed == BILLED
    [statement] = (await api.get(at({"id": ours["plain"]}, "statement"))).json()["accounts"]
    assert (statement["charges"], statement["payments"], statement["credits"]) == (3 * 2800, 3 * 2800 - 1000, 1000)
    assert (statement["closing_balance"], statement["credit_on_account"]) == (0, 0)
    assert blocking(env).v1.customers.retrieve(account.customers["plain"]).balance == 0
    assert await found_about(env, set(ours.values())) == []


async def found_about(env: ApiEnvironment, customers: set[str]) -> list[str]:
    """Reconcile everything, repair nothing, and return what is found about these customers."""
    run = ReconciliationInput(org_id=env.org_id, repair=False, scope=ReconciliationScope(grace_minutes=0))
    run_id = await env.engine.control.run(reconciliation_workflow(run, datetime.now(UTC)))
    report = await env.engine.repositories.reconciliation.report(env.org_id, run_id)
    return [str(one) for one in report.findings if any(customer in str(one) for customer in customers)]


async def test_reading_goes_on_where_it_broke_off(
    env: ApiEnvironment, account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    await read(env, whole, account.clock)
    monkeypatch.setattr("billflow.payments.imports.PAGE", 2)
    pages: list[str] = []

    def stop_after_three(kind: str, _: int) -> None:
        pages.append(kind)
        if len(pages) == 3:
            raise KeyboardInterrupt

    async with stripe_client(API_KEY, env.stripe_url) as client:
        with pytest.raises(KeyboardInterrupt):
            await StripeReader(client, broken, account.clock).read(stop_after_three)
        already = {file.name: file.read_text() for file in broken.glob("*.jsonl")}
        await StripeReader(client, broken, account.clock).read(lambda *_: None)

    assert len(already) in (1, 2, 3)
    for name, text in already.items():
        assert (broken / name).read_text().startswith(text)
    for kind in ("customers", "subscriptions", "invoices", "prices"):
        found = [sorted(load_objects(folder).by_kind[kind]) for folder in (whole, broken)]
        assert found[0] == found[1] != []


async def test_the_command_reads_the_account_of_its_key(
    env: ApiEnvironment, account: Account, price_map: Path, tmp_path: Path, api_key: str
) -> None:
    shell = environment(
        BILLFLOW_API_URL=env.api_url,
        BILLFLOW_API_KEY=api_key,
        STRIPE_API_KEY=API_KEY,
        STRIPE_API_BASE=env.stripe_url,
    )
    folder = tmp_path / "read"
    words = ("import", "stripe", str(folder), "--read", "--stripe-test-clock", account.clock, "--map", str(price_map))

    printed = await asyncio.to_thread(partial(billflow, *words, "--check", env=shell))

    assert "stripe answered" not in printed.out + printed.err
    assert sorted(load_objects(folder).by_kind["customers"]) == sorted(account.customers.values())


def a_subscription(**changes: Any) -> Json:
    price: Json = {
        "id": "price_1",
        "lookup_key": None,
        "product": "prod_1",
        "unit_amount": 700,
        "billing_scheme": "per_unit",
    }
    price |= {"recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"}}
    price |= changes.pop("price", {})
    period = {"current_period_start": moment(BEGIN), "current_period_end": moment("2026-02-15")}
    item = {"price": price, "quantity": 3, **period}
    base: Json = {"id": "sub_1", "customer": "cus_1", "status": "active", "items": {"data": [item]}, "currency": "usd"}
    base |= {"billing_cycle_anchor": moment(BEGIN), "collection_method": "charge_automatically", "discounts": []}
    base |= {"cancel_at_period_end": False, "cancel_at": None, "schedule": None}
    items = changes.pop("items", 1)
    base["items"] = {"data": [item] * items}
    return {**base, **changes}


def metered(**recurring: Any) -> Json:
    return {"recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed", **recurring}}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"items": 2}, "several_items"),
        ({"price": metered(usage_type="metered")}, "metered_price"),
        ({"price": metered(interval="week")}, "unsupported_interval"),
        ({"price": {"billing_scheme": "tiered"}}, "tiered_price"),
        ({"price": {"unit_amount": None}}, "fractional_price"),
        ({"price": {"id": "price_2"}}, "price_not_mapped"),
        ({"status": "unpaid"}, "subscription_not_live"),
        ({"pause_collection": {"behavior": "void"}}, "collection_paused"),
        ({"discounts": [{"id": "di_1"}, {"id": "di_2"}]}, "several_discounts"),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_what_has_no_counterpart_is_refused_with_its_reason(tmp_path: Path, changes: Json, code: str) -> None:
    customer = {"id": "cus_1", "name": "One", "email": "one@old.example", "balance": 0}
    for kind, one in (("customers", customer), ("subscriptions", a_subscription(**changes))):
        (tmp_path / f"{kind}.json").write_text(json.dumps({"object": "list", "data": [one]}))

    made = bundle_stripe(load_objects(tmp_path), PriceMap(prices={"price_1": PriceMapping(tier="cloud_standard")}))

    assert [(one.row.values["external_id"], one.code) for one in made.refused] == [("sub_1", code)]
    assert made.customers == {}
    assert [row.values["external_id"] for row in made.left_out] == ["cus_1"]


def test_an_invoice_with_prorations_is_of_the_period_that_it_renews() -> None:
    renewed = {"start": moment("2026-02-15"), "end": moment("2026-03-15")}
    rest = {"start": moment("2026-01-20"), "end": moment("2026-02-15")}
    lines = [
        {"period": rest, "parent": {"subscription_item_details": {"proration": True}}},
        {"period": {"start": moment(BEGIN), "end": moment(BEGIN)}, "parent": {"invoice_item_details": {}}},
        {"period": renewed, "parent": {"subscription_item_details": {"proration": False}}},
    ]
    base = {"id": "in_1", "customer": "cus_1", "status": "open", "currency": "usd", "created": moment("2026-02-15")}
    amounts = {"total": 500, "amount_remaining": 500, "amount_due": 500}

    found = [
        invoice_row({**base, **amounts, "lines": {"data": held}}, None)["period_start"][:10]
        for held in (lines, lines[:2])
    ]

    assert found == ["2026-02-15", "2026-01-20"]


def test_drafts_and_credits_are_left_out_and_named(tmp_path: Path) -> None:
    customer = {"id": "cus_1", "name": "One", "email": "one@old.example", "balance": 0}
    invoices = [
        {"id": "in_1", "customer": "cus_1", "status": "draft", "total": 5},
        {"id": "in_2", "customer": "cus_1", "status": "paid", "total": -5, "currency": "usd", "created": 1},
    ]
    for kind, objects in (("customers", [customer]), ("subscriptions", []), ("invoices", invoices)):
        (tmp_path / f"{kind}.json").write_text(json.dumps(objects))

    made = bundle_stripe(load_objects(tmp_path), PriceMap())

    assert [one.code for one in made.ignored] == ["invoice_is_draft", "invoice_credits"]
    assert list(made.customers) == ["cus_1"]

"""`billflow cutover` for many plans: a dry run of each, those that match, those that are refused by name, and back."""

from typing import Any

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.cutovers.moving import Moving, moving_in
from tests.imports.test_stripe import Typed

RENEWED, CUTOVER = "2026-02-15", "2026-03-15"


async def issued(moving: Moving, total: int) -> None:
    """Tell what Stripe billed for the period from `RENEWED` on."""
    number = f"{moving.subscription}-1"
    at = {"issued_at": f"{RENEWED}T00:00:00Z", "paid_at": f"{RENEWED}T01:00:00Z"}
    period = {"period_start": f"{RENEWED}T00:00:00Z", "period_end": f"{CUTOVER}T00:00:00Z"}
    customer = str(moving.old().customer)
    of = {"external_id": number, "customer": customer, "plan": moving.subscription, "status": "paid", "currency": "USD"}
    invoice = {**of, **at, **period, "total": total, "amount_paid": total}
    (await moving.api.post("/api/v1/parallel-run/invoices", json={"invoices": [invoice]})).raise_for_status()


@pytest.fixture
async def two(env: ApiEnvironment, api: httpx.AsyncClient) -> tuple[Moving, Moving]:
    """Return two plans on one clock, a day after both systems billed: the first matches, the second differs."""
    first = await moving_in(env, api)
    second = await moving_in(env, api, first.clock)
    for moving, total in ((first, 4200), (second, 4300)):
        moving.let_stripe_live("2026-02-16")
        await moving.live("2026-02-16")
        await issued(moving, total)
    return first, second


def outcomes(rows: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Return what a batch says of each plan."""
    return {
        row["plan_id"]: (
            row["status"],
            row["code"],
            {one["field"]: one["after"] for one in row["changes"]}.get("cutover_at"),
            row["next_invoice_after"],
        )
        for row in rows
    }


@pytest.mark.full
async def test_those_that_match_are_cut_over_and_the_others_are_refused_by_name(
    terminal: Typed, two: tuple[Moving, Moving]
) -> None:
    first, second = two
    chosen = ("--plans", f"test-clock={first.clock}", "--at", "2026-03-01")

    looked = await terminal("cutover", *chosen, "--dry-run", "--json")
    assert looked.code == 0, looked.out
    assert (looked.data["counts"]["ready"], looked.data["counts"]["refused"]) == (1, 1)
    items = (await terminal("batch", "items", looked.data["id"], "--json")).data["items"]
    assert outcomes(items) == {
        first.plan: ("ready", None, f"{CUTOVER}T00:00:00Z", 4200),
        second.plan: ("refused", "invoices_differ", None, None),
    }
    assert first.old().cancel_at is None

    done = await terminal("cutover", *chosen, "--reason", "they match", "--json")
    assert (done.data["status"], done.data["counts"]["done"], done.data["counts"]["refused"]) == ("finished", 1, 1)
    different = await terminal("cutover", *chosen, "--include-different", "--reason", "agreed with them", "--json")
    items = (await terminal("batch", "items", different.data["id"], "--json")).data["items"]
    assert {row["plan_id"]: (row["status"], row["code"]) for row in items} == {
        first.plan: ("refused", "no_change"),
        second.plan: ("done", None),
    }

    back = await terminal("cutover", "cancel", "--plans", f"test-clock={first.clock}", "--reason", "not yet", "--json")
    assert back.data["counts"]["done"] == 2
    assert [(one.old().cancel_at, (await one.shown())["cutover_status"]) for one in two] == [(None, "canceled")] * 2


async def test_what_is_typed_wrong_is_one_sentence(terminal: Typed) -> None:
    unsaid = await terminal("cutover", "--plans", "tier=cloud_standard")
    assert (unsaid.code, "Say why by --reason, or only look by --dry-run." in unsaid.out + unsaid.err) == (1, True)
    unknown = await terminal("cutover", "--plans", "color=red", "--dry-run")
    assert (unknown.code, "--plans color=red says nothing that can be looked for" in unknown.out + unknown.err) == (
        1,
        True,
    )

"""Previews and forecasts over HTTP say what then happens, and write nothing."""

import httpx
import pytest

from tests.api.test_plans import MONTHLY
from tests.api_environment import ApiEnvironment

CLOCK = "2026-01-31T00:00:00Z"


@pytest.fixture
async def plan(api: httpx.AsyncClient, env: ApiEnvironment) -> str:
    """Return the address of an active plan with seven licenses on a test clock."""
    customer = await env.customer()
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": CLOCK})).json()
    asked = {**MONTHLY, "customer_id": customer.customer_id, "test_clock_id": clock["id"]}
    started = (await api.post("/api/v1/plans", json=asked)).raise_for_status().json()
    return f"/api/v1/plans/{started['plan']['id']}"


async def test_a_preview_bills_what_the_command_then_bills(api: httpx.AsyncClient, plan: str) -> None:
    command = {"type": "upgrade_tier_now", "tier": "cloud_plus"}
    before = (await api.get(plan)).json()

    told = (await api.post(f"{plan}/preview", json=command)).raise_for_status().json()

    assert (await api.get(plan)).json() == before
    taken = (await api.post(f"{plan}/commands", json=command)).raise_for_status().json()
    made = (await api.get(f"/api/v1/invoices/{taken['invoices'][0]['id']}/explain")).json()
    assert [invoice["total"] for invoice in told["invoices"]] == [taken["invoices"][0]["total"]]
    assert [line["sentence"] for line in told["invoices"][0]["lines"]] == [line["sentence"] for line in made["lines"]]
    assert (told["successor"]["tier"], told["successor"]["status"]) == ("cloud_plus", "active")
    for name in ("plan", "successor"):
        promised = {field: value for field, value in told[name].items() if value is not None}
        assert promised.items() <= taken[name].items()
    assert told["invoices"][0]["total"] > 0


async def test_a_preview_looks_at_a_later_day_and_finds_what_a_command_can_not_do(
    api: httpx.AsyncClient, plan: str
) -> None:
    then = {"at": "2026-03-10T00:00:00Z"}
    nothing = await api.post(f"{plan}/preview", params=then)
    fewer = await api.post(f"{plan}/preview", json={"type": "set_licenses", "licenses": 1})

    answer = await api.post(f"{plan}/preview", json={"type": "switch_to_annual"}, params=then)
    switched = answer.raise_for_status().json()

    assert switched["plan"]["schedule"] == "annual" or switched["plan"]["status"].startswith("switch_to_annual")
    assert nothing.json()["plan"]["next_invoice_date"] == "2026-03-31T00:00:00Z"
    assert fewer.status_code == 409


async def test_a_forecast_lists_the_invoices_to_come(api: httpx.AsyncClient, plan: str) -> None:
    told = (await api.get(f"{plan}/forecast", params={"count": 3})).raise_for_status().json()

    assert [(one["issued_at"][:10], one["total"], one["currency"]) for one in told["invoices"]] == [
        ("2026-02-28", 5600, "USD"),
        ("2026-03-31", 5600, "USD"),
        ("2026-04-30", 5600, "USD"),
    ]
    assert (told["on_hold"], told["ends_at"]) == (None, None)


async def test_a_misspelt_preview_is_named_by_its_fields(api: httpx.AsyncClient, plan: str) -> None:
    wrong = [
        ({"type": "end_now", "void_open_invoice": True}, {}, "void_open_invoice"),
        ({"type": "set_licenses", "licenses": "many"}, {}, "licenses"),
        ({"type": "dance"}, {}, "type"),
        (None, {"when": "now"}, "when"),
        (None, {"at": "yesterday"}, "at"),
    ]
    for body, params, field in wrong:
        answer = await api.post(f"{plan}/preview", json=body, params=params)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    for count in (0, 121, "many"):
        assert (await api.get(f"{plan}/forecast", params={"count": count})).status_code == 422

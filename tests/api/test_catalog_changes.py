"""What a catalogue would change, with amounts; prices that running plans are announced, and that are taken back."""

from collections.abc import AsyncIterator

import pytest

from tests.api.shop import BEGIN, JSON, TEAM, Shop, opened
from tests.api_environment import ApiEnvironment

DEARER = {**TEAM, "prices": {"EUR": {"monthly": 1000, "quarterly": 3000}}}
CHANGE = {"tier": "team", "starts_at": "2026-05-01T00:00:00Z", "notice_days": 30}


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization that sells one tier."""
    async with opened(env) as shop:
        await shop.sells(team=TEAM)
        yield shop


async def a_plan(shop: Shop, members: int, guests: int = 0, **asked: object) -> tuple[JSON, str]:
    customer_id, clock_id = await shop.customer(members, guests)
    return await shop.plan(customer_id, clock_id, **asked), clock_id


async def test_a_diff_names_each_field_and_the_next_invoice_of_each_plan_it_touches(shop: Shop) -> None:
    small, _ = await a_plan(shop, 2)
    await a_plan(shop, 8)
    wanted = {**DEARER, "minimum_licenses": 5, "description": "For all.", "seats": {"count": "users"}}

    found = await shop.asked("POST", "/catalog/diff", tier={"team": wanted, "crew": {"name": "Crew"}})

    changed = {(one["tier"], one["field"]): (one["before"], one["after"]) for one in found["changes"]}
    assert changed[("team", "prices.EUR.quarterly")] == (2500, 3000)
    assert changed[("team", "minimum_licenses")] == (2, 5)
    assert changed[("crew", "name")] == (None, "Crew")
    assert changed[("team", "seats.guest_weight")] == (25, None)
    assert (found["plans"], found["examined"]) == (2, 2)
    [touched] = found["touched"]
    assert (touched["plan_id"], touched["customer_name"], touched["currency"]) == (small["id"], "Muster GmbH", "EUR")
    assert (touched["before"]["total"], touched["after"]["total"]) == (2 * 2500, 5 * 2500)
    assert (await shop.asked("GET", "/catalog"))["version"] == 1


@pytest.mark.full
async def test_the_next_invoice_is_the_one_that_the_diff_foresaw(shop: Shop) -> None:
    plan, clock_id = await a_plan(shop, 4, 8)
    wanted = {**TEAM, "seats": {"count": "users"}}
    [touched] = (await shop.asked("POST", "/catalog/diff", tier={"team": wanted}))["touched"]
    await shop.sells(team=wanted)

    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-04-20T00:00:00Z")

    newest = (await shop.asked("GET", f"/plans/{plan['id']}/invoices"))["invoices"][0]
    assert (touched["before"]["total"], touched["after"]["total"]) == (6 * 2500, 12 * 2500)
    assert (newest["total"], newest["status"]) == (12 * 2500, "paid")


@pytest.mark.full
async def test_a_diff_refuses_what_applying_would_refuse(shop: Shop) -> None:
    await a_plan(shop, 2)

    answer = await shop.api.post("/api/v1/catalog/diff", json={"tier": {"crew": TEAM}})

    assert (answer.status_code, answer.json()["code"]) == (409, "tier_in_use")


@pytest.mark.full
async def test_an_announced_price_comes_with_the_first_renewal_after_date_and_notice(shop: Shop) -> None:
    plan, clock_id = await a_plan(shop, 4)
    await shop.sells(team=DEARER)
    [foreseen] = (await shop.asked("POST", "/catalog/price-changes/preview", **CHANGE))["plans"]

    announced = await shop.asked("POST", "/catalog/price-changes", **CHANGE, reason="costs")

    assert announced["plans"] == [foreseen]
    assert (foreseen["amount_before"], foreseen["amount_after"]) == (4 * 2500, 4 * 3000)
    assert foreseen["takes_effect_at"] == "2026-07-15T09:30:00Z"
    assert (announced["price_change"]["plans"], announced["price_change"]["pending"]) == (1, 1)
    shown = await shop.asked("GET", f"/plans/{plan['id']}")
    assert (shown["price_per_license"], shown["next_price"]) == (2500, 3000)
    forecast = (await shop.asked("GET", f"/plans/{plan['id']}/forecast?count=3"))["invoices"]
    assert [one["total"] for one in forecast] == [4 * 2500, 4 * 3000, 4 * 3000]
    [told] = (await shop.asked("GET", "/events?type=plan.price_change_announced"))["events"]
    assert (told["plan_id"], told["data"]["price_after"], told["data"]["takes_effect_at"]) == (
        plan["id"], 3000, "2026-07-15T09:30:00Z",
    )  # fmt: skip

    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-10-20T00:00:00Z")

    invoices = (await shop.asked("GET", f"/plans/{plan['id']}/invoices"))["invoices"]
    assert [one["total"] for one in reversed(invoices)] == [10_000, 10_000, 12_000, 12_000]
    answer = await shop.api.delete(f"/api/v1/catalog/price-changes/{announced['price_change']['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "price_change_over")


@pytest.mark.full
async def test_a_renewal_within_the_notice_keeps_the_price(shop: Shop) -> None:
    await a_plan(shop, 4, schedule="monthly")
    await shop.sells(team=DEARER)

    soon = {**CHANGE, "starts_at": BEGIN.isoformat(), "notice_days": 45}
    [foreseen] = (await shop.asked("POST", "/catalog/price-changes/preview", **soon))["plans"]

    assert foreseen["takes_effect_at"] == "2026-03-15T09:30:00Z"


@pytest.mark.full
async def test_a_price_change_is_taken_back_from_who_still_has_the_old_price(shop: Shop) -> None:
    plan, clock_id = await a_plan(shop, 4)
    early, early_clock = await a_plan(shop, 3, schedule="monthly")
    await shop.sells(team=DEARER)
    announced = (await shop.asked("POST", "/catalog/price-changes", **CHANGE))["price_change"]
    await shop.asked("POST", f"/test-clocks/{early_clock}/advance", to="2026-05-20T00:00:00Z")

    withdrawn = await shop.asked("DELETE", f"/catalog/price-changes/{announced['id']}")

    assert (withdrawn["plans"], withdrawn["pending"]) == (1, 0)
    assert withdrawn["withdrawn_at"]
    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-10-20T00:00:00Z")
    assert (await shop.asked("GET", f"/plans/{plan['id']}"))["price_per_license"] == 2500
    assert (await shop.asked("GET", f"/plans/{early['id']}"))["price_per_license"] == 1000
    [told] = (await shop.asked("GET", "/events?type=plan.price_change_withdrawn"))["events"]
    assert (told["plan_id"], told["data"]["price_per_license"]) == (plan["id"], 2500)
    again = await shop.asked("DELETE", f"/catalog/price-changes/{announced['id']}")
    assert again["withdrawn_at"] == withdrawn["withdrawn_at"]
    [listed] = (await shop.asked("GET", "/catalog/price-changes"))["price_changes"]
    assert listed["id"] == announced["id"]


@pytest.mark.full
async def test_agreed_prices_and_prices_that_stay_are_left_alone(shop: Shop) -> None:
    plan, _ = await a_plan(shop, 4, schedule="monthly")
    agreed = {"required_plan_tier": "team", "monthly_discounted_price": 500}
    await shop.asked("PUT", f"/customers/{plan['customer_id']}/pricing", **agreed)
    await shop.sells(team=DEARER)

    answer = await shop.api.post("/api/v1/catalog/price-changes", json=CHANGE)

    assert (answer.status_code, answer.json()["code"]) == (409, "no_change")


@pytest.mark.full
async def test_a_plan_whose_price_is_not_listed_any_more_is_named_and_nothing_is_announced(shop: Shop) -> None:
    await a_plan(shop, 4)
    await shop.sells(team={**TEAM, "prices": {"EUR": {"monthly": 1000}}})

    answer = await shop.api.post("/api/v1/catalog/price-changes", json=CHANGE)

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_schedule")
    assert answer.json()["detail"] == "Team has no quarterly price in EUR; it is sold monthly."
    assert (await shop.asked("GET", "/catalog/price-changes"))["price_changes"] == []

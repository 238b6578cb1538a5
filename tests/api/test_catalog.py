"""A catalogue of one's own over HTTP: applied, sold from, and refused whole where something in it is wrong."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from billflow.client import AsyncClient, catalog
from billflow.domain.scopes import Scope
from tests.api.shop import BUSINESS, TEAM, Shop, opened
from tests.api_environment import ApiEnvironment, until
from tests.documents.test_pdf_and_html import pages


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization that sells nothing yet."""
    async with opened(env) as shop:
        yield shop


async def test_an_organization_sells_nothing_before_it_applies_a_catalogue(shop: Shop) -> None:
    shown = await shop.asked("GET", "/catalog")
    assert (shown["version"], shown["tier"]) == (0, {})
    customer_id, clock_id = await shop.customer(1, 0)

    answer = await shop.api.post(
        "/api/v1/plans", json={"customer_id": customer_id, "tier": "team", "schedule": "monthly"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_tier")
    assert answer.json()["detail"] == ("There is no tier 'team'; nothing is sold yet, so apply a catalogue first.")
    assert clock_id


async def test_a_tier_of_ones_own_is_sold_billed_renewed_and_explained(shop: Shop) -> None:
    await shop.sells(team={**TEAM, "upgrades_to": ["business"]}, business=BUSINESS)
    customer_id, clock_id = await shop.customer(7, 5)
    plan = await shop.plan(customer_id, clock_id)
    assert (plan["tier_name"], plan["licenses"], plan["price_per_license"], plan["currency"]) == (
        "Team",
        9,
        2500,
        "EUR",
    )

    foreseen = (await shop.asked("GET", f"/plans/{plan['id']}/forecast?count=2"))["invoices"]
    assert [(one["issued_at"], one["total"]) for one in foreseen] == [
        ("2026-04-15T09:30:00Z", 9 * 2500),
        ("2026-07-15T09:30:00Z", 9 * 2500),
    ]
    upgrade = {"type": "upgrade_tier_now", "tier": "business"}
    preview = await shop.asked("POST", f"/plans/{plan['id']}/preview", **upgrade)
    assert (preview["credit"], [one["total"] for one in preview["invoices"]]) == (9 * 2500, [12 * 5000])

    await shop.asked("POST", f"/test-clocks/{clock_id}/advance", to="2026-07-20T00:00:00Z")

    invoices = (await shop.asked("GET", f"/plans/{plan['id']}/invoices"))["invoices"]
    assert [(one["kind"], one["total"], one["status"]) for one in reversed(invoices)] == [
        ("purchase", 22500, "paid"),
        ("recurring", 22500, "paid"),
        ("recurring", 22500, "paid"),
    ]
    explained = await shop.asked("GET", f"/invoices/{invoices[0]['id']}/explain")
    assert "Team - renewal" in str(explained)
    assert pages((await shop.api.get(f"/api/v1/invoices/{invoices[0]['id']}/pdf")).content) == 1
    access = await shop.asked("GET", f"/customers/{customer_id}/access")
    assert (access["features"], access["plan"]["seats_in_use"], access["plan"]["seats_left"]) == (["projects"], 9, 41)


@pytest.mark.full
async def test_a_plan_keeps_its_price_and_a_new_one_has_the_new_one(shop: Shop) -> None:
    await shop.sells(team=TEAM)
    old = await shop.plan(*await shop.customer(4, 0))
    dearer = {**TEAM, "name": "Team 2", "prices": {"EUR": {"monthly": 1000, "quarterly": 3000}}}

    assert (await shop.sells(team=dearer))["version"] == 2

    new, still = await shop.plan(*await shop.customer(4, 0)), await shop.asked("GET", f"/plans/{old['id']}")
    assert (new["price_per_license"], still["price_per_license"]) == (3000, 2500)
    assert still["tier_name"] == "Team 2"
    foreseen = (await shop.asked("GET", f"/plans/{old['id']}/forecast?count=1"))["invoices"]
    assert [one["total"] for one in foreseen] == [4 * 2500]


async def test_every_version_is_kept_and_the_same_catalogue_again_is_none(shop: Shop) -> None:
    first = await shop.sells(team=TEAM)
    again = await shop.sells(**(await shop.asked("GET", "/catalog"))["tier"])
    second = await shop.asked("PUT", "/catalog", tier={"team": {**TEAM, "name": "Teams"}}, reason="a better name")

    assert (first["version"], again["version"], second["version"]) == (1, 1, 2)
    listed = (await shop.asked("GET", "/catalog/versions"))["versions"]
    assert [(one["version"], one["reason"]) for one in listed] == [(2, "a better name"), (1, None)]
    assert (await shop.asked("GET", "/catalog/versions/1"))["tier"]["team"]["name"] == "Team"
    assert (await shop.api.get("/api/v1/catalog/versions/3")).status_code == 404
    assert (await shop.asked("GET", "/catalog"))["currencies"] == ["EUR"]


async def test_a_catalogue_with_a_fault_changes_nothing(shop: Shop) -> None:
    await shop.sells(team=TEAM)
    await shop.plan(*await shop.customer(4, 0))

    taken_away = await shop.refused(crew=TEAM)
    unsold = await shop.refused(team=TEAM, crew={**TEAM, "roles": [], "prices": {"EUR": {"monthly": -1}}})
    twice = await shop.refused(team=TEAM, crew=TEAM)

    assert (taken_away["code"], taken_away["errors"][0]["field"]) == ("tier_in_use", "tier.team")
    assert taken_away["detail"].startswith("tier.team is not in the catalogue, but 1 plan has the tier; keep it with")
    assert (unsold["code"], unsold["errors"][0]["field"]) == ("invalid_catalog", "tier.crew.prices.EUR.monthly")
    assert "tier.crew.roles has default_trial, and so has team" in twice["detail"]
    assert (await shop.asked("GET", "/catalog"))["version"] == 1


@pytest.mark.full
async def test_a_retired_tier_goes_on_for_who_has_it_and_nobody_else_buys_it(shop: Shop) -> None:
    await shop.sells(team=TEAM)
    plan = await shop.plan(*await shop.customer(4, 0))

    await shop.sells(team={**TEAM, "retired": True})

    customer_id, clock_id = await shop.customer(4, 0)
    wanted = {"customer_id": customer_id, "tier": "team", "schedule": "monthly", "test_clock_id": clock_id}
    answer = await shop.api.post("/api/v1/plans", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (409, "tier_retired")
    foreseen = (await shop.asked("GET", f"/plans/{plan['id']}/forecast?count=1"))["invoices"]
    assert [one["total"] for one in foreseen] == [4 * 2500]


async def test_no_more_licenses_are_sold_than_the_tier_has(shop: Shop) -> None:
    await shop.sells(team={**TEAM, "maximum_licenses": 5})
    customer_id, clock_id = await shop.customer(6, 0)
    wanted = {"customer_id": customer_id, "tier": "team", "schedule": "monthly", "test_clock_id": clock_id}

    answer = await shop.api.post("/api/v1/plans", json=wanted)

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_licenses")
    assert "At most 5 licenses" in answer.json()["detail"]


async def test_only_an_administrator_applies_a_catalogue(shop: Shop) -> None:
    async with shop.env.client(await shop.env.key(Scope.READ, Scope.WRITE, Scope.SUPPORT)) as api:
        answer = await api.put("/api/v1/catalog", json={"tier": {"team": TEAM}})

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_the_client_applies_and_reads_catalogues(shop: Shop) -> None:
    async with AsyncClient(shop.env.api_url, await shop.env.key()) as billflow:
        applied = await billflow.do(catalog.apply({"team": TEAM}, reason="ours"))
        shown = await billflow.do(catalog.show())
        listed = await billflow.do(catalog.versions())

        assert (applied.version, shown.reason, len(listed.rows)) == (1, "ours", 1)
        assert shown.tier["team"].seat_rule.guest_weight == 25
        assert (await billflow.do(catalog.show(1))).tier == shown.tier


@pytest.mark.full
async def test_an_onboarding_that_names_no_tier_begins_the_default_trial(shop: Shop) -> None:
    await shop.sells(business=BUSINESS, team=TEAM)
    customer_id, _ = await shop.customer(3, 0)

    await shop.asked("POST", f"/customers/{customer_id}/onboard", plan={"schedule": "monthly"})

    async def is_trying() -> bool:
        return bool((await shop.asked("GET", f"/plans?customer_id={customer_id}"))["plans"])

    await until(is_trying)
    [plan] = (await shop.asked("GET", f"/plans?customer_id={customer_id}"))["plans"]
    begins, ends = (datetime.fromisoformat(plan[name]) for name in ("billing_cycle_anchor", "next_invoice_date"))
    assert (plan["tier"], plan["status"], ends - begins) == ("team", "free_trial", timedelta(days=14))

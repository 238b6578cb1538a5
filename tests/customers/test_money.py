"""Usage and reports, and what support grants: prices, credits, sponsorship."""

from uuid import uuid4

import httpx
import pytest

from billflow.domain.scopes import Scope
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at, created, events_of

MANUAL = {"tier": "cloud_standard", "license_management": "manual", "licenses": 6}
REQUEST = {"organization_type": "open_source", "description": "A compiler that volunteers maintain."}


async def subscriber(api: httpx.AsyncClient, env: ApiEnvironment, schedule: str) -> tuple[Json, str]:
    """Create a customer whose plan was bought on 15 January 2026; return it and its clock's id."""
    customer = await created(api)
    await env.give_card(customer["id"])
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": "2026-01-15T00:00:00Z"})).json()["id"]
    asked = {**MANUAL, "schedule": schedule, "customer_id": customer["id"], "test_clock_id": clock}
    assert (await api.post("/api/v1/plans", json=asked)).status_code == 201
    return customer, clock


@pytest.mark.full
async def test_usage_sums_seats_by_day_and_money_by_month(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer, clock = await subscriber(api, env, "monthly")
    path = f"/api/v1/deployments/{customer['deployment_id']}/seats"
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-01-22T00:00:00Z"})
    counts = {"2026-01-20T08:00:00Z": 3, "2026-01-20T20:00:00Z": 5, "2026-01-21T08:00:00Z": 4}
    await api.post(path, json=[{"observed_at": moment, "members": n, "guests": 1} for moment, n in counts.items()])
    await api.post(at(customer, "projects"), json={"name": "Sales"})
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-03-16T00:00:00Z"})

    span = {"since": "2026-01-01T00:00:00Z", "until": "2026-03-15T00:00:00Z"}
    usage = (await api.get(at(customer, "usage"), params=span)).json()

    assert usage["seats"] == [
        {"day": "2026-01-20", "members": 5, "guests": 1},
        {"day": "2026-01-21", "members": 4, "guests": 1},
    ]
    assert (usage["peak_members"], usage["peak_guests"], usage["projects"], usage["channels"]) == (5, 1, 1, 0)
    assert [(row["month"], row["invoiced"], row["paid"], row["currency"]) for row in usage["money"]] == [
        ("2026-01-01", 6 * 800, 6 * 800, "USD"),
        ("2026-02-01", 6 * 800, 6 * 800, "USD"),
    ]
    assert [(row["at"][:10], row["licenses"]) for row in usage["licenses"]] == [("2026-01-15", 6), ("2026-02-15", 6)]


async def test_usage_covers_ten_years_at_most(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    span = {"since": "2010-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}

    answer = await api.get(at(customer, "usage"), params=span)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_report_tells_what_was_paid_renews_and_is_open(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer, _ = await subscriber(api, env, "annual")
    await api.post(at(customer, "credits"), json={"amount": 2500, "reason": "outage"})

    report = (await api.get(at(customer, "report"))).json()

    assert report["lifetime_value"] == [{"amount": 6 * 8000, "currency": "USD"}]
    assert report["monthly_recurring_revenue"] == [{"amount": 4000, "currency": "USD"}]
    assert report["credit_balance"] == [{"amount": 2500, "currency": "USD"}]
    assert (report["open_balance"], report["invoices"], report["open_invoices"]) == ([], 1, 0)
    assert [(plan["tier"], plan["status"], plan["licenses"], plan["paid"]) for plan in report["plans"]] == [
        ("cloud_standard", "active", 6, 6 * 8000)
    ]


@pytest.mark.full
async def test_reports_are_net_of_what_was_credited_and_refunded(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer, _ = await subscriber(api, env, "annual")
    [invoice] = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()["invoices"]
    await api.post(at(customer, "credits"), json={"amount": 2500, "reason": "outage"})
    for path, asked in {
        "refund": {"amount": 1000},
        "credit-notes": {"amount": 500, "refund_method": "balance"},
    }.items():
        (await api.post(f"/api/v1/invoices/{invoice['id']}/{path}", json=asked)).raise_for_status()

    report = (await api.get(at(customer, "report"))).json()
    span = {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}
    [month] = (await api.get(at(customer, "usage"), params=span)).json()["money"]

    assert [one["amount"] for one in report["lifetime_value"]] == [6 * 8000 - 1000 - 500]
    for money in (month, *report["plans"]):
        assert [money[name] for name in ("invoiced", "credited", "paid", "refunded", "net_paid")] == [
            6 * 8000,
            500,
            6 * 8000,
            1000,
            6 * 8000 - 1000,
        ]


@pytest.mark.full
async def test_a_suspended_customer_renews_nothing(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer, _ = await subscriber(api, env, "annual")
    await api.post(at(customer, "suspend"))

    assert (await api.get(at(customer, "report"))).json()["monthly_recurring_revenue"] == []


async def test_what_is_not_paid_yet_is_the_open_balance(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    asked = {**MANUAL, "schedule": "monthly", "licenses": 30, "collection_method": "send_invoice"}
    await api.post("/api/v1/plans", json={**asked, "customer_id": customer["id"]})

    report = (await api.get(at(customer, "report"))).json()

    assert report["open_balance"] == [{"amount": 30 * 800, "currency": "USD"}]
    assert sum(one["amount"] for one in report["lifetime_value"]) == 0


@pytest.mark.full
async def test_agreed_prices_hold_for_the_next_plan_of_their_tier(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    pricing = {
        "required_plan_tier": "cloud_standard",
        "monthly_discounted_price": 500,
        "annual_discounted_price": 5000,
        "minimum_licenses": 4,
    }

    agreed = await api.put(at(customer, "pricing"), json=pricing)
    plan = {**MANUAL, "schedule": "monthly", "customer_id": customer["id"]}
    started = (await api.post("/api/v1/plans", json=plan)).json()["plan"]

    assert {name: agreed.json()["pricing"][name] for name in pricing} == pricing
    assert started["price_per_license"] == 500
    assert {name: (await api.get(at(customer, "pricing"))).json()[name] for name in pricing} == pricing


@pytest.mark.full
async def test_prices_agreed_while_a_plan_runs_hold_from_its_next_license_on_and_undo_nothing(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    asked = {**MANUAL, "schedule": "monthly", "licenses": 10, "customer_id": customer["id"]}
    plan = f"/api/v1/plans/{(await api.post('/api/v1/plans', json=asked)).json()['plan']['id']}"
    pricing = {"required_plan_tier": "cloud_standard", "monthly_discounted_price": 500}

    for _ in range(2):
        assert (await api.put(at(customer, "pricing"), json=pricing)).status_code == 200

    assert (await api.get(plan)).json()["price_per_license"] == 500
    invoices = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()["invoices"]
    assert [invoice["total"] for invoice in invoices] == [10 * 800]
    assert (await events_of(env, customer)).count("plan.repriced") == 1


@pytest.mark.full
async def test_prices_for_another_tier_leave_the_plan_that_runs_alone(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    asked = {**MANUAL, "schedule": "monthly", "licenses": 10, "customer_id": customer["id"]}
    plan = f"/api/v1/plans/{(await api.post('/api/v1/plans', json=asked)).json()['plan']['id']}"

    await api.put(at(customer, "pricing"), json={"required_plan_tier": "cloud_plus", "monthly_discounted_price": 500})

    assert (await api.get(plan)).json()["price_per_license"] == 800


@pytest.mark.full
async def test_the_minimum_of_licenses_is_agreed_on_before_the_plan_and_stays_with_it(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    pricing = {"required_plan_tier": "cloud_standard", "monthly_discounted_price": 500, "minimum_licenses": 4}
    await api.put(at(customer, "pricing"), json=pricing)
    await api.post("/api/v1/plans", json={**MANUAL, "schedule": "monthly", "customer_id": customer["id"]})

    refused = await api.put(at(customer, "pricing"), json={**pricing, "minimum_licenses": 2})
    kept = await api.put(at(customer, "pricing"), json={**pricing, "monthly_discounted_price": 400})

    assert (refused.status_code, refused.json()["code"]) == (409, "plan_is_live")
    assert (kept.status_code, kept.json()["pricing"]["minimum_licenses"]) == (200, 4)


async def test_a_new_self_hosted_customer_has_a_years_flat_discount_until_it_has_prices_of_its_own(
    api: httpx.AsyncClient,
) -> None:
    customer = await created(api, remote_server={"uuid": str(uuid4()), "hostname": "chat.acme.example"})
    in_the_cloud = await created(api)

    async def months(who: Json, **agreed: object) -> int:
        if agreed:
            assert (await api.put(at(who, "pricing"), json=agreed)).status_code == 200
        return int((await api.get(at(who, "pricing"))).json()["flat_discounted_months"])

    assert (await months(customer), await months(in_the_cloud)) == (12, 0)
    assert await months(customer, exempt_from_license_number_check=True) == 12
    assert await months(customer, required_plan_tier="self_hosted_basic", monthly_discounted_price=300) == 0
    assert await months(customer, flat_discounted_months=2) == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"required_plan_tier": "gold"},
        {"monthly_discounted_price": -1},
        {"monthly_discounted_price": 500},
        {"minimum_licenses": 0},
        {"minimum_licenses": 3},
        {"price": 1},
    ],
)
async def test_a_wrong_agreement_is_refused(api: httpx.AsyncClient, bad: dict[str, object]) -> None:
    customer = await created(api)

    answer = await api.put(at(customer, "pricing"), json=bad)

    assert answer.status_code == 422
    assert (await api.get(at(customer, "pricing"))).json()["required_plan_tier"] is None


async def test_a_credit_is_granted_once_per_key_and_adds_to_the_balance(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api, default_currency="EUR")
    credit, key = {"amount": 2500, "reason": "outage"}, {"Idempotency-Key": uuid4().hex}

    first = await api.post(at(customer, "credits"), json=credit, headers=key)
    again = await api.post(at(customer, "credits"), json=credit, headers=key)
    await api.post(at(customer, "credits"), json={"amount": 500, "reason": "sorry", "currency": "eur"})

    shown = (await api.get(at(customer, "credits"))).json()
    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert shown["balance"] == [{"amount": 3000, "currency": "EUR"}]
    assert [row["amount"] for row in shown["credits"]] == [500, 2500]
    assert (await events_of(env, customer)).count("credit.granted") == 2


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"amount": 0, "reason": "x"}, "out_of_range"),
        ({"amount": -5, "reason": "x"}, "out_of_range"),
        ({"amount": 5}, "field_missing"),
        ({"amount": 5, "reason": "x", "currency": "GBP"}, "wrong_currency"),
    ],
)
async def test_a_wrong_credit_is_refused(api: httpx.AsyncClient, bad: dict[str, object], code: str) -> None:
    customer = await created(api)

    answer = await api.post(at(customer, "credits"), json=bad)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await api.get(at(customer, "credits"))).json() == {"balance": [], "credits": [], "total": 0, "next": None}


async def test_only_support_grants(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    request = (await api.post(at(customer, "sponsorship-requests"), json=REQUEST)).json()["id"]
    async with env.client(await env.key(Scope.READ, Scope.WRITE)) as customers_own:
        answers = [
            await customers_own.post(at(customer, "credits"), json={"amount": 1, "reason": "me"}),
            await customers_own.put(at(customer, "pricing"), json={"flat_discounted_months": 12}),
            await customers_own.post(at(customer, "sponsorship-requests", request, "approve")),
        ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "scope_missing")}

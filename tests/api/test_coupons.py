"""Coupons over HTTP: made, named by a purchase, attached by support; what is wrong is one sentence with its field."""

from typing import Any

import httpx
import pytest

from billflow.domain.scopes import Scope
from tests.api.test_plans import MONTHLY
from tests.api_environment import ApiEnvironment

CLOCK = "2026-01-31T00:00:00Z"
SPRING: dict[str, Any] = {
    "code": "SPRING25",
    "name": "Spring",
    "percent_off": 25,
    "duration": "repeating",
    "duration_in_months": 3,
}


async def a_code(api: httpx.AsyncClient, **terms: object) -> str:
    """Make a coupon of a code of its own."""
    made = len((await api.get("/api/v1/coupons", params={"limit": 100})).json()["coupons"])
    answer = await api.post("/api/v1/coupons", json={**SPRING, **terms, "code": f"SPRING-{made}"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


async def a_plan(api: httpx.AsyncClient, env: ApiEnvironment, **asked: object) -> tuple[str, str, httpx.Response]:
    """Start a plan on a clock of its own; return its customer, the clock and the answer."""
    customer = await env.customer()
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": CLOCK})).json()["id"]
    wanted = {**MONTHLY, "customer_id": customer.customer_id, "test_clock_id": clock, **asked}
    return customer.customer_id, clock, await api.post("/api/v1/plans", json=wanted)


async def test_a_purchase_names_a_coupon_and_its_invoices_tell_of_it(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    code = await a_code(api)
    customer, clock, started = await a_plan(api, env, coupon=code.lower())
    assert started.status_code == 201, started.text

    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-03-01T00:00:00Z"})

    invoices = (await api.get("/api/v1/invoices", params={"customer_id": customer})).json()["invoices"]
    assert [(one["total"], one["status"], one["amount_due"]) for one in invoices] == [(4200, "paid", 4200)] * 2
    told = (await api.get(f"/api/v1/invoices/{invoices[0]['id']}/explain")).json()["lines"]
    assert told[1]["sentence"].startswith(f"Spring ({code}): 25% off, from ")
    assert told[1]["sentence"].endswith("25% of USD 56 off = USD -14 (month 2 of 3).")
    [mine] = (await api.get(f"/api/v1/customers/{customer}/redemptions")).json()["redemptions"]
    assert (mine["code"], mine["percent_off"], mine["months_left"], mine["ended_at"]) == (code, "25", 1, None)
    assert (await api.get(f"/api/v1/coupons/{code}")).json()["times_redeemed"] == 1


async def test_support_attaches_and_detaches_a_coupon_with_its_reason(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    code, customer = await a_code(api), await env.customer()
    address = f"/api/v1/customers/{customer.customer_id}/redemptions"

    given = await api.post(address, json={"coupon": code, "reason": "outage of May"})
    second = await api.post(address, json={"coupon": await a_code(api)})
    gone = await api.delete(f"{address}/{given.json()['id']}")
    again = await api.delete(f"{address}/{given.json()['id']}")

    assert (given.status_code, given.json()["reason"]) == (201, "outage of May")
    assert (second.status_code, second.json()["code"], second.json()["errors"][0]["field"]) == (
        409,
        "coupon_attached",
        "coupon",
    )
    assert (gone.status_code, gone.json()["end_reason"]) == (200, "detached")
    assert again.status_code == 404


@pytest.mark.full
async def test_attaching_a_coupon_is_previewed_with_both_prices_both_invoices_and_its_end(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    code = await a_code(api)
    customer, clock, started = await a_plan(api, env)
    plan, address = started.json()["plan"]["id"], f"/api/v1/customers/{customer}/redemptions"

    told = (await api.post(f"{address}/preview", json={"coupon": code})).json()

    assert told["plan"]["status"] == "active"
    price = told["price"]
    assert (price["price_before"], price["price_after"]) == (800, 600)
    assert (price["next_invoice_before"]["total"], price["next_invoice_after"]["total"]) == (5600, 4200)
    [discount] = price["discounts"]
    assert (discount["kind"], discount["off"], discount["ends_at"]) == ("coupon", "25% off", "2026-05-31T00:00:00Z")
    assert (await api.get(address)).json()["redemptions"] == []
    await api.post(address, json={"coupon": code})
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-03-01T00:00:00Z"})
    [newest, _] = (await api.get(f"/api/v1/plans/{plan}/invoices")).json()["invoices"]
    lines = (await api.get(f"/api/v1/invoices/{newest['id']}/explain")).json()["lines"]
    assert [line["sentence"] for line in lines] == [line["sentence"] for line in price["next_invoice_after"]["lines"]]


@pytest.mark.full
async def test_agreeing_on_a_price_is_previewed_and_so_is_a_flat_discount(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer, _, started = await a_plan(api, env)
    address = f"/api/v1/customers/{customer}/pricing"
    agreed = {"required_plan_tier": "cloud_standard", "monthly_discounted_price": 500}
    before = (await api.get(address)).json()

    told = (await api.post(f"{address}/preview", json=agreed)).json()["price"]
    months = (await api.post(f"{address}/preview", json={"flat_discounted_months": 3})).json()["price"]
    command = {"type": "apply_discount", "monthly_discounted_price": 500, "annual_discounted_price": 0}
    by_command = await api.post(f"/api/v1/plans/{started.json()['plan']['id']}/preview", json=command)
    wrong = await api.post(f"{address}/preview", json={"monthly_discounted_price": 500})

    assert (told["price_before"], told["price_after"]) == (800, 500)
    assert told["next_invoice_after"]["total"] == 7 * 500
    assert [one["off"] for one in told["discounts"]] == ["USD 5 per license, 37.50% below list price"]
    assert by_command.json()["price"] == told
    assert (months["price_after"], months["discounts"]) == (800, [])
    assert (wrong.status_code, wrong.json()["code"]) == (422, "no_required_tier")
    assert (await api.get(address)).json() == before


@pytest.mark.full
async def test_a_customer_without_a_plan_sees_the_coupon_that_waits_for_one(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    code, customer = await a_code(api), await env.customer()

    address = f"/api/v1/customers/{customer.customer_id}/redemptions/preview"
    told = (await api.post(address, json={"coupon": code})).json()

    assert (told["plan"], told["price"]["price_after"]) == (None, None)
    assert [(one["name"], one["waiting"]) for one in told["price"]["discounts"]] == [(f"Spring ({code})", True)]


async def test_a_key_that_may_write_names_a_coupon_and_attaches_none(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    code = await a_code(api)
    async with env.client(await env.key(Scope.READ, Scope.WRITE)) as writer:
        customer, _, started = await a_plan(writer, env, coupon=code)
        refused = [
            await writer.post("/api/v1/coupons", json=SPRING),
            await writer.post(f"/api/v1/coupons/{code}/archive"),
            await writer.post(f"/api/v1/customers/{customer}/redemptions", json={"coupon": code}),
        ]

    assert started.status_code == 201
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "scope_missing")] * 3


@pytest.mark.parametrize(
    ("terms", "field", "words"),
    [
        ({"percent_off": 150}, "percent_off", "percent_off must lie above 0 and at most at 100"),
        ({"percent_off": -5}, "percent_off", "percent_off must lie above 0 and at most at 100"),
        ({"percent_off": "many"}, "percent_off", "percent_off is 'many'; write a number such as 12.5"),
        ({"percent_off": "NaN"}, "percent_off", "percent_off is 'NaN'; write a number such as 12.5"),
        ({"percent_off": None, "amount_off": 500}, "amount_off", 'write {"USD": 500}, in minor units'),
        ({"tiers": ["gold"]}, "tiers", "There is no tier 'gold'"),
    ],
)
async def test_a_coupon_that_makes_no_sense_is_refused_in_one_sentence_with_its_field(
    api: httpx.AsyncClient, terms: dict[str, object], field: str, words: str
) -> None:
    answer = await api.post("/api/v1/coupons", json={**SPRING, **terms, "code": "NONSENSE"})

    problem = answer.json()
    [named] = problem.get("errors") or [problem]
    assert (answer.status_code, named["field"]) == (422, field)
    assert words in (named.get("message") or problem["detail"])
    assert (await api.get("/api/v1/coupons/NONSENSE")).status_code == 404


@pytest.mark.parametrize("code", ["%ED%A0%80", "a%2Fb", "x" * 200, "1e999999"])
async def test_a_code_that_none_can_have_is_not_found(api: httpx.AsyncClient, code: str) -> None:
    assert (await api.get(f"/api/v1/coupons/{code}")).status_code == 404


@pytest.mark.full
async def test_a_purchase_with_a_coupon_that_is_not_for_it_starts_nothing(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    archived = await a_code(api)
    await api.post(f"/api/v1/coupons/{archived}/archive")
    once = await a_code(api, max_redemptions=1)
    await a_plan(api, env, coupon=once)
    wrong = {"NOBODY": "unknown_coupon", archived: "coupon_expired", once: "coupon_used_up"}
    for code, problem in wrong.items():
        customer, _, refused = await a_plan(api, env, coupon=code)
        assert (refused.status_code, refused.json()["code"], refused.json()["errors"][0]["field"]) == (
            409,
            problem,
            "coupon",
        )
        assert (await api.get("/api/v1/plans", params={"customer_id": customer})).json()["plans"] == []

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

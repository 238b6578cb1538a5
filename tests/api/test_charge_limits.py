"""What a currency can be charged, over HTTP: whole steps, at least the least and at most the most of one charge."""

from typing import Any

import httpx
import pytest

from billflow.domain.currencies import CURRENCIES
from tests.api_environment import ApiEnvironment, until
from tests.customers.fixtures import Json, at, created
from tests.sizes import sized

ODD = ["HUF", "ISK", "MGA", "TWD", "UGX"]
"""Two of them in the small size: one that Stripe takes in hundredths, and one that it takes in whole units."""

BEGIN = "2026-01-15T00:00:00Z"
MANUAL = {"tier": "cloud_standard", "license_management": "manual", "schedule": "monthly"}


async def payer(api: httpx.AsyncClient, env: ApiEnvironment, currency: str) -> tuple[Json, str]:
    """Create a customer with a card who pays in *currency*, and a clock; return it and the clock's id."""
    customer = await created(api, default_currency=currency)
    await env.give_card(customer["id"])
    return customer, str((await api.post("/api/v1/test-clocks", json={"now_at": BEGIN})).json()["id"])


async def invoices_of(api: httpx.AsyncClient, customer: Json) -> list[Json]:
    """Return the customer's invoices, the oldest first."""
    answer = await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})
    return sorted(answer.json()["invoices"], key=lambda one: (one["issued_at"], -one["total"]))


async def command(api: httpx.AsyncClient, plan: str, kind: str, **fields: object) -> httpx.Response:
    return await api.post(f"{plan}/commands", json={"type": kind, **fields})


@pytest.mark.full
async def test_dinars_are_offered_billed_refunded_and_credited_in_steps_of_ten(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer, clock = await payer(api, env, "KWD")
    odd = await api.post(at(customer, "offers"), json={"tier": "cloud_standard", "fixed_price": 185_465})
    offer = (await api.post(at(customer, "offers"), json={"tier": "cloud_standard", "fixed_price": 185_460})).json()
    accepted = {"schedule": "monthly", "test_clock_id": clock}
    bought = await api.post(f"{at(customer, 'offers', offer['offer']['id'])}/accept", json=accepted)
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-12-16T00:00:00Z"})

    made = await invoices_of(api, customer)
    first = f"/api/v1/invoices/{made[0]['id']}"
    odd_refund = await api.post(f"{first}/refund", json={"amount": 3})
    odd_note = await api.post(f"{first}/credit-notes", json={"amount": 15})
    odd_credit = await api.post(at(customer, "credits"), json={"amount": 15, "reason": "sorry"})
    refunds = [(await api.post(f"{first}/refund", json=asked)).json() for asked in ({"amount": 10}, {})]

    assert (odd.status_code, odd.json()["code"]) == (422, "amount_not_chargeable")
    assert "KWD is charged in steps of KWD 0.010" in odd.json()["detail"]
    assert bought.status_code == 201, bought.text
    assert [one["total"] for one in made] == [15_460] * 6 + [15_450] * 6
    assert [one["amount_paid"] for one in made] == [one["total"] for one in made]
    assert {answer.json()["code"] for answer in (odd_refund, odd_note, odd_credit)} == {"amount_not_chargeable"}
    assert [(one["amount"], one["status"]) for one in refunds] == [(10, "succeeded"), (15_450, "succeeded")]


@pytest.mark.full
@pytest.mark.parametrize("code", sized(["ISK"], ODD, ODD))
async def test_every_odd_currency_is_bought_and_refunded_to_the_last_step(
    api: httpx.AsyncClient, env: ApiEnvironment, code: str
) -> None:
    customer, _ = await payer(api, env, code)
    step, price = CURRENCIES[code].step, 20_001 * CURRENCIES[code].step
    offer = (await api.post(at(customer, "offers"), json={"tier": "cloud_standard", "fixed_price": price})).json()
    await api.post(f"{at(customer, 'offers', offer['offer']['id'])}/accept", json={"schedule": "annual"})
    [invoice] = await invoices_of(api, customer)
    address = f"/api/v1/invoices/{invoice['id']}"

    refunds = [(await api.post(f"{address}/refund", json=asked)).json() for asked in ({"amount": step}, {})]

    held = await env.engine.stripe.v1.invoices.retrieve_async(invoice["stripe_invoice_id"])
    charges = await env.engine.stripe.v1.charges.list_async({"customer": str(held.customer)})
    assert (invoice["total"], invoice["amount_paid"], invoice["status"]) == (price, price, "paid")
    assert [one["amount"] for one in refunds] == [step, price - step]
    assert [charge.amount_refunded for charge in charges.data] == [price * CURRENCIES[code].stripe_factor]


@pytest.mark.full
async def test_a_preview_names_the_limit_of_a_charge(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer, clock = await payer(api, env, "USD")
    asked = {**MANUAL, "schedule": "annual", "licenses": 9000, "customer_id": customer["id"], "test_clock_id": clock}
    plan = f"/api/v1/plans/{(await api.post('/api/v1/plans', json=asked)).json()['plan']['id']}"
    upgrade = {"type": "upgrade_tier_now", "tier": "cloud_plus"}

    answers = [
        await api.post(f"{plan}/preview", json=upgrade, params={"at": "2026-01-16T00:00:00Z"}),
        await command(api, plan, "upgrade_tier_now", tier="cloud_plus"),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "amount_over_maximum")}
    assert all("at most USD 999,999.99" in answer.json()["detail"] for answer in answers)
    assert (await api.get(plan)).json()["status"] == "active"


async def large_plan(api: httpx.AsyncClient, env: ApiEnvironment) -> tuple[Json, str, str]:
    """Buy 10 licenses at USD 50,000 and have 30 at the renewal, which is over the maximum; let that come."""
    customer, clock = await payer(api, env, "USD")
    pricing = {"required_plan_tier": "cloud_standard", "monthly_discounted_price": 5_000_000}
    assert (await api.put(at(customer, "pricing"), json=pricing)).status_code == 200
    asked = {**MANUAL, "licenses": 10, "customer_id": customer["id"], "test_clock_id": clock}
    plan = f"/api/v1/plans/{(await api.post('/api/v1/plans', json=asked)).json()['plan']['id']}"
    assert (await command(api, plan, "set_licenses_at_renewal", licenses=30)).status_code == 200
    coming = (await api.get(f"{plan}/forecast", params={"count": 1})).json()
    assert coming["on_hold"]["code"] == "amount_over_maximum"
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-02-16T00:00:00Z"})
    return customer, clock, plan


async def attention(api: httpx.AsyncClient, plan: str) -> Any:
    return (await api.get(plan)).json()["attention"]


@pytest.mark.full
async def test_a_renewal_over_the_maximum_is_on_hold_until_it_is_billed_in_parts(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer, _, plan = await large_plan(api, env)
    held = await attention(api, plan)

    answer = await command(api, plan, "retry", in_parts=True)

    async def all_paid() -> bool:
        return all(one["status"] == "paid" for one in await invoices_of(api, customer))

    await until(all_paid)
    assert held["code"] == "amount_over_maximum"
    assert "at most USD 999,999.99" in held["message"]
    assert answer.status_code == 200, answer.text
    assert await attention(api, plan) is None
    assert [one["total"] for one in await invoices_of(api, customer)] == [50_000_000, 95_000_000, 55_000_000]


@pytest.mark.full
async def test_a_renewal_over_the_maximum_is_sent_where_support_says_so(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer, clock, plan = await large_plan(api, env)

    answer = await command(api, plan, "set_collection_method", collection_method="send_invoice")
    await command(api, plan, "retry")
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-02-17T00:00:00Z"})

    async def sent() -> bool:
        last = (await invoices_of(api, customer))[-1]
        return (last["total"], last["status"]) == (150_000_000, "open")

    await until(sent)
    assert answer.status_code == 200, answer.text
    assert await attention(api, plan) is None


@pytest.mark.parametrize(
    ("licenses", "code", "limit"),
    [(12_500, None, ""), (125_000, "amount_over_maximum", "at most USD 999,999.99")],
)
async def test_a_purchase_over_the_maximum_is_refused_with_the_limit(
    api: httpx.AsyncClient, env: ApiEnvironment, licenses: int, code: str | None, limit: str
) -> None:
    customer, _ = await payer(api, env, "USD")

    answer = await api.post("/api/v1/plans", json={**MANUAL, "licenses": licenses, "customer_id": customer["id"]})

    assert answer.json().get("code") == code
    assert limit in answer.json().get("detail", "")


async def test_a_purchase_under_the_least_charge_is_refused_with_the_limit(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer, _ = await payer(api, env, "USD")
    offer = (await api.post(at(customer, "offers"), json={"tier": "cloud_standard", "fixed_price": 49})).json()

    answer = await api.post(f"{at(customer, 'offers', offer['offer']['id'])}/accept", json={"schedule": "annual"})

    assert (answer.status_code, answer.json()["code"]) == (409, "amount_under_minimum")
    assert "at least USD 0.50" in answer.json()["detail"]

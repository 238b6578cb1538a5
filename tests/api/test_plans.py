"""Plans over HTTP: bought by card, bought by invoice, commanded, and carried through time."""

import httpx
import pytest
import stripe

from billflow.payments.sandbox import DECLINING_CARD
from tests.api_environment import ApiEnvironment, until

MONTHLY = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 7}


async def started(api: httpx.AsyncClient, **asked: object) -> httpx.Response:
    return await api.post("/api/v1/plans", json={**MONTHLY, **asked})


async def plan_status(api: httpx.AsyncClient, plan_id: str) -> str:
    return str((await api.get(f"/api/v1/plans/{plan_id}")).json()["status"])


async def pay_at_stripe(env: ApiEnvironment, invoice: dict[str, object]) -> stripe.Invoice:
    """Pay an invoice as its customer does on the hosted page."""
    return await env.engine.stripe.v1.invoices.pay_async(str(invoice["stripe_invoice_id"]), {"paid_out_of_band": True})


async def the_invoice(api: httpx.AsyncClient, plan_id: str) -> dict[str, object]:
    invoices = (await api.get(f"/api/v1/plans/{plan_id}/invoices")).json()["invoices"]
    assert len(invoices) == 1
    return dict(invoices[0])


async def test_a_plan_bought_by_card_is_active_with_a_paid_invoice_when_the_answer_comes(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer()

    answer = await started(api, customer_id=customer.customer_id)

    plan, invoice = answer.json()["plan"], await the_invoice(api, answer.json()["plan"]["id"])
    assert answer.status_code == 201
    assert (plan["status"], plan["licenses"], answer.json()["outcome"]["kind"]) == ("active", 7, "paid")
    assert (invoice["status"], invoice["total"], invoice["currency"]) == ("paid", 7 * 800, "USD")


async def test_a_declined_card_starts_nothing_and_says_so(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer(card=DECLINING_CARD)

    answer = await started(api, customer_id=customer.customer_id)

    assert answer.json()["outcome"]["kind"] == "declined"
    assert answer.json()["plan"]["status"] == "ended"


async def test_a_plan_bought_by_invoice_starts_when_stripe_reports_the_payment(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer(card=None)
    plan = (await started(api, customer_id=customer.customer_id, collection_method="send_invoice")).json()["plan"]
    plan_id = str(plan["id"])

    async def is_sent() -> bool:
        return (await the_invoice(api, plan_id))["status"] == "open"

    async def is_active() -> bool:
        return await plan_status(api, plan_id) == "active"

    await until(is_sent)
    before = await plan_status(api, plan_id)
    await pay_at_stripe(env, await the_invoice(api, plan_id))
    await until(is_active)

    invoice = await the_invoice(api, plan_id)
    assert before == "never_started"
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", invoice["total"])


async def test_the_same_key_starts_a_plan_once(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer()
    body, headers = {**MONTHLY, "customer_id": customer.customer_id}, {"Idempotency-Key": f"start-{customer.email}"}

    first = await api.post("/api/v1/plans", json=body, headers=headers)
    second = await api.post("/api/v1/plans", json=body, headers=headers)

    assert first.json()["plan"]["id"] == second.json()["plan"]["id"]
    assert (await api.get("/api/v1/plans", params={"customer_id": customer.customer_id})).json()["total"] == 1


async def test_a_command_answers_with_the_plan_and_the_invoices_it_made(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    plan = (await started(api, customer_id=(await env.customer()).customer_id)).json()["plan"]

    more = await api.post(f"/api/v1/plans/{plan['id']}/commands", json={"type": "set_licenses", "licenses": 12})
    upgrade = {"type": "upgrade_tier_now", "tier": "cloud_plus"}
    better = await api.post(f"/api/v1/plans/{plan['id']}/commands", json=upgrade)

    assert more.json()["plan"]["licenses"] == 12
    assert better.status_code == 200, better.text
    assert better.json()["successor"]["tier"] == "cloud_plus"
    assert [invoice["currency"] for invoice in better.json()["invoices"]] == ["USD", "USD"]


@pytest.mark.full
async def test_a_refused_command_is_a_conflict_with_its_code(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    plan = (await started(api, customer_id=(await env.customer()).customer_id)).json()["plan"]

    answer = await api.post(f"/api/v1/plans/{plan['id']}/commands", json={"type": "extend_trial", "days": 3})

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")


@pytest.mark.full
async def test_a_second_live_plan_is_refused(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer()
    await started(api, customer_id=customer.customer_id)

    answer = await started(api, customer_id=customer.customer_id)

    assert (answer.status_code, answer.json()["code"]) == (409, "already_subscribed")


@pytest.mark.full
async def test_a_clock_carries_a_plan_through_its_months_and_every_line_explains_itself(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = (await api.post("/api/v1/customers", json={"name": "Clockwork", "email": "c@clock.example"})).json()
    await env.give_card(customer["id"])
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": "2026-01-31T00:00:00Z"})).json()
    seats = [{"observed_at": f"2026-0{month}-15T00:00:00Z", "members": 10 + month} for month in (1, 2, 3)]
    kept = await api.post(f"/api/v1/deployments/{customer['deployment_id']}/seats", json=seats)
    plan = (
        await api.post(
            "/api/v1/plans",
            json={
                "customer_id": customer["id"],
                "tier": "cloud_standard",
                "schedule": "monthly",
                "test_clock_id": clock["id"],
            },
        )
    ).json()["plan"]

    advanced = await api.post(f"/api/v1/test-clocks/{clock['id']}/advance", json={"to": "2026-04-30T00:00:00Z"})

    invoices = (await api.get("/api/v1/invoices", params={"plan_id": plan["id"]})).json()["invoices"]
    explained = (await api.get(f"/api/v1/invoices/{invoices[0]['id']}/explain")).json()
    ledger = (await api.get(f"/api/v1/plans/{plan['id']}/ledger")).json()
    timeline = (await api.get(f"/api/v1/plans/{plan['id']}/timeline")).json()
    assert kept.json() == {"received": 3, "new": 3}
    assert advanced.json()["now_at"] == "2026-04-30T00:00:00Z"
    assert {invoice["status"] for invoice in invoices} == {"paid"}
    assert len(invoices) == 4
    assert sum(line["amount"] for line in explained["lines"]) == explained["total"]
    assert all(line["sentence"].startswith(line["description"]) for line in explained["lines"])
    assert ledger["ledger"][0]["licenses"] == 11
    assert timeline["total"] >= 4


async def test_a_clock_never_goes_back(api: httpx.AsyncClient) -> None:
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": "2026-01-31T00:00:00Z"})).json()

    answer = await api.post(f"/api/v1/test-clocks/{clock['id']}/advance", json={"to": "2026-01-30T00:00:00Z"})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "to")

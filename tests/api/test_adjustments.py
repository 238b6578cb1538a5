"""Paying now, refunding, crediting, voiding and giving up over HTTP."""

import httpx
import pytest

from billflow.payments.sandbox import DECLINING_CARD
from tests.api.test_plans import started, the_invoice
from tests.api_environment import ApiEnvironment, until
from tests.sizes import further

BY_MAIL = {"collection_method": "send_invoice"}


async def bought(api: httpx.AsyncClient, env: ApiEnvironment, **asked: object) -> dict[str, object]:
    """Buy a plan and return its invoice."""
    customer = await env.customer()
    plan = (await started(api, customer_id=customer.customer_id, **asked)).json()["plan"]
    return await the_invoice(api, plan["id"])


async def test_a_refund_repeated_under_its_key_answers_the_same_and_too_much_is_refused(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    invoice = await bought(api, env)
    path, headers = f"/api/v1/invoices/{invoice['id']}/refund", {"Idempotency-Key": f"refund-{invoice['id']}"}

    first = await api.post(path, json={"amount": 100}, headers=headers)
    again = await api.post(path, json={"amount": 100}, headers=headers)
    too_much = await api.post(path, json={"amount": 10**9})

    assert (first.status_code, first.json()["amount"], first.json()["status"]) == (201, 100, "succeeded")
    assert again.json() == first.json()
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_exceeds_payment")
    left = (await api.get(f"/api/v1/invoices/{invoice['id']}/adjustments")).json()
    assert [refund["id"] for refund in left["refunds"]] == [first.json()["id"]]


REFUSAL = {"error": {"type": "invalid_request_error", "message": "This charge is under review."}}


@pytest.mark.full
@pytest.mark.parametrize(
    ("path", "operation"), [("refund", "refund.create"), *further(("credit-notes", "credit_note.create"))]
)
async def test_what_stripe_refuses_is_no_refund_and_no_note_but_a_conflict_with_the_reason(
    api: httpx.AsyncClient, env: ApiEnvironment, path: str, operation: str
) -> None:
    invoice = await bought(api, env)
    rule = {"fault": "status", "operation": operation, "status": 400, "body": REFUSAL, "count": 1}
    await env.control("POST", "/faults", requests=[rule])
    address, key = f"/api/v1/invoices/{invoice['id']}", {"Idempotency-Key": f"{path}-{invoice['id']}"}

    refused = await api.post(f"{address}/{path}", json={"amount": 100}, headers=key)
    again = await api.post(f"{address}/{path}", json={"amount": 100}, headers=key)
    later = await api.post(f"{address}/{path}", json={"amount": 100})

    assert (refused.status_code, refused.json()["code"]) == (409, "adjustment_refused")
    assert "This charge is under review" in refused.json()["detail"]
    assert (again.status_code, later.status_code, later.json()["status"]) == (409, 201, "succeeded")


@pytest.mark.full
async def test_a_credit_note_names_the_lines_it_credits(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    invoice = await bought(api, env)
    detail = (await api.get(f"/api/v1/invoices/{invoice['id']}")).json()
    line = detail["lines"][0]
    asked = {"lines": [{"line_id": line["id"], "amount": 50}], "refund_method": "balance", "memo": "Sorry."}

    note = (await api.post(f"/api/v1/invoices/{invoice['id']}/credit-notes", json=asked)).json()
    both = await api.post(f"/api/v1/invoices/{invoice['id']}/credit-notes", json={**asked, "amount": 1})

    assert (note["balance_amount"], note["lines"][0]["line_id"], note["status"]) == (50, line["id"], "succeeded")
    assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "amount")


@pytest.mark.full
async def test_an_open_invoice_is_voided_or_given_up_and_a_paid_one_is_not(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    paid = await bought(api, env)
    opened, given_up = await bought(api, env, **BY_MAIL), await bought(api, env, **BY_MAIL)

    voided = await api.post(f"/api/v1/invoices/{opened['id']}/void", json={"reason": "billed by mistake"})
    forgiven = await api.post(f"/api/v1/invoices/{given_up['id']}/mark-uncollectible")
    refused = await api.post(f"/api/v1/invoices/{paid['id']}/void")

    assert (voided.status_code, voided.json()["status"]) == (200, "void")
    assert (forgiven.status_code, forgiven.json()["status"]) == (200, "uncollectible")
    assert (refused.status_code, refused.json()["code"]) == (409, "invoice_not_open")


async def test_paying_now_says_what_came_of_it(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    invoice = await bought(api, env, **BY_MAIL)

    tried = await api.post(f"/api/v1/invoices/{invoice['id']}/pay")

    assert (tried.status_code, tried.json()["outcome"]["kind"], tried.json()["invoice"]["status"]) == (
        200,
        "open",
        "open",
    )


async def test_links_for_cards_lead_to_pages_at_stripe(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer(card=DECLINING_CARD)
    base = f"/api/v1/customers/{customer.customer_id}"

    links = [
        await api.post(f"{base}/{name}", json={"return_url": "https://app.example/billing"})
        for name in ("card-link", "portal-link")
    ]
    no_address = await api.post(f"{base}/card-link", json={"return_url": "javascript:alert(1)"})

    assert [link.status_code for link in links] == [201, 201]
    assert all(link.json()["url"].startswith("http") for link in links)
    assert (no_address.status_code, no_address.json()["errors"][0]["field"]) == (422, "return_url")


async def test_a_test_card_pays_as_if_it_had_been_entered_and_what_is_none_is_said(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer(card=None)
    path = f"/api/v1/customers/{customer.customer_id}/test-card"

    given = await api.post(path, json={"test_card": "pm_card_visa"})
    unknown = await api.post(path, json={"test_card": "pm_card_nothing"})
    no_name = await api.post(path, json={"test_card": "../../v1/charges"})
    bought = await started(api, customer_id=customer.customer_id)

    assert (given.status_code, given.json()["customer_id"]) == (201, customer.customer_id)
    assert given.json()["payment_method"].startswith("pm_")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "test_card_refused")
    assert "No such PaymentMethod: 'pm_card_nothing'" in unknown.json()["detail"]
    assert (no_name.status_code, no_name.json()["errors"][0]["field"]) == (422, "test_card")
    assert (bought.status_code, bought.json()["outcome"]["kind"]) == (201, "paid")


async def test_a_new_default_account_gets_a_stripe_customer_of_its_own(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer(card=None)
    base, asked = f"/api/v1/customers/{customer.customer_id}", {"return_url": "https://app.example/billing"}
    (await api.post(f"{base}/card-link", json=asked)).raise_for_status()
    await api.post(f"{base}/billing-accounts", json={"name": "Subsidiary", "is_default": True})

    (await api.post(f"{base}/card-link", json=asked)).raise_for_status()

    accounts = (await api.get(f"{base}/billing-accounts")).json()["billing_accounts"]
    assert len({account["stripe_customer_id"] for account in accounts} - {None}) == 2


async def test_a_refund_needs_the_scope_of_support(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    routes = ("refund", "credit-notes", "void", "mark-uncollectible")

    scopes = {
        document["paths"][f"/api/v1/invoices/{{invoice_id}}/{route}"]["post"]["x-billflow-scope"] for route in routes
    }

    assert scopes == {"support"}


@pytest.mark.full
async def test_a_void_reaches_stripe(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    invoice = await bought(api, env, **BY_MAIL)
    await api.post(f"/api/v1/invoices/{invoice['id']}/void")
    detail = (await api.get(f"/api/v1/invoices/{invoice['id']}")).json()

    async def is_void() -> bool:
        held = await env.engine.stripe.v1.invoices.retrieve_async(detail["stripe_invoice_id"])
        return held.status == "void"

    await until(is_void)


@pytest.mark.full
async def test_an_invoice_paid_by_bank_transfer_starts_its_plan_and_is_paid_at_stripe(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    invoice = await bought(api, env, **BY_MAIL)
    address, transfer = f"/api/v1/invoices/{invoice['id']}", {"reference": "bank transfer 4711"}

    answers = [await api.post(f"{address}/mark-paid", json=transfer) for _ in range(2)]
    other = await api.post(f"{address}/mark-paid", json={"reference": "bank transfer 4712"})

    async def is_paid_there() -> bool:
        held = await env.engine.stripe.v1.invoices.retrieve_async(answers[0].json()["stripe_invoice_id"])
        marks = held.metadata.to_dict() if held.metadata else {}
        return held.status == "paid" and marks["billflow_out_of_band_reference"] == "bank transfer 4711"

    async def plan_runs() -> bool:
        return bool((await api.get(f"/api/v1/plans/{invoice['plan_id']}")).json()["status"] == "active")

    await until(is_paid_there)
    await until(plan_runs)
    assert [answer.status_code for answer in answers] == [200, 200]
    shown = answers[1].json()
    assert (shown["status"], shown["amount_paid"]) == ("paid", shown["total"])
    assert shown["out_of_band_reference"] == "bank transfer 4711"
    assert (other.status_code, other.json()["code"]) == (409, "invoice_not_open")


@pytest.mark.full
async def test_what_was_paid_outside_stripe_is_refunded_there_and_recorded(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    invoice = await bought(api, env, **BY_MAIL)
    address = f"/api/v1/invoices/{invoice['id']}"
    total = (await api.post(f"{address}/mark-paid", json={"reference": "transfer 1"})).json()["total"]

    to_the_card = [await api.post(f"{address}/{path}", json={"amount": 100}) for path in ("refund", "credit-notes")]
    back = {"amount": 100, "out_of_band_reference": "transfer back 1"}
    recorded = await api.post(f"{address}/refund", json=back)
    too_much = await api.post(f"{address}/refund", json={**back, "amount": total})

    assert {(answer.status_code, answer.json()["code"]) for answer in to_the_card} == {(409, "paid_out_of_band")}
    assert "paid outside Stripe (transfer 1); pay back in the same way" in to_the_card[0].json()["detail"]
    assert recorded.status_code == 201, recorded.text
    made = recorded.json()
    assert (made["status"], made["out_of_band_reference"], made["stripe_id"]) == ("succeeded", "transfer back 1", None)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_exceeds_payment")
    left = (await api.get(f"{address}/adjustments")).json()
    assert (left["refundable"], len(left["refunds"])) == (total - 100, 1)


@pytest.mark.full
async def test_a_refund_outside_stripe_lowers_what_a_card_can_get_back(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    invoice = await bought(api, env)
    address = f"/api/v1/invoices/{invoice['id']}"
    total = (await api.get(address)).json()["total"]

    outside = await api.post(f"{address}/refund", json={"amount": 300, "out_of_band_reference": "cash"})
    rest = await api.post(f"{address}/refund")
    more = await api.post(f"{address}/refund", json={"amount": 1})

    assert (outside.status_code, rest.json()["amount"], rest.json()["status"]) == (201, total - 300, "succeeded")
    assert (more.status_code, more.json()["code"]) == (409, "nothing_to_refund")

"""A key stands for one execution."""

import asyncio
from typing import Any

import httpx
import pytest
import stripe
from stripe import StripeClient

from stripe_emulator.server import StripeEmulator
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.flows import customer_with, event_types, opened
from tests.waiting import PATIENCE


def test_a_repeated_create_answers_the_same_object_and_emits_nothing_new(client: StripeClient) -> None:
    first = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "create-ada"})
    again = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "create-ada"})

    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert first.last_response is not None
    assert again.last_response.headers["original-request"] == first.last_response.headers["request-id"]
    assert event_types(client) == ["customer.created"]


def test_a_decline_is_replayed_so_that_a_new_attempt_needs_a_new_key(client: StripeClient) -> None:
    invoice = opened(client, customer_with(client, "pm_sim_flaky_1").id, 900)

    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.invoices.pay(invoice.id, {}, {"idempotency_key": "pay-1"})

    assert client.v1.invoices.retrieve(invoice.id).attempt_count == 1
    assert client.v1.invoices.pay(invoice.id, {}, {"idempotency_key": "pay-2"}).status == "paid"


def test_a_key_cannot_stand_for_another_request(client: StripeClient) -> None:
    client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "key"})

    with pytest.raises(stripe.IdempotencyError) as other_body:
        client.v1.customers.create({"email": "grace@example.com"}, {"idempotency_key": "key"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.invoices.create({"customer": "cus_x"}, {"idempotency_key": "key"})

    assert other_body.value.http_status == 400


def test_a_request_that_fails_validation_leaves_its_key_free(emulator: StripeEmulator) -> None:
    client = client_for(emulator.url, "sk_test_validation", checked=False)
    wrong: Any = {"nonsense": "x"}

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.create(wrong, {"idempotency_key": "key"})

    assert (refused.value.code, refused.value.param) == ("parameter_unknown", "nonsense")
    assert client.v1.customers.create({}, {"idempotency_key": "key"}).object == "customer"


def test_a_refusal_that_came_from_execution_is_replayed(client: StripeClient) -> None:
    for replayed in (None, "true"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.invoices.create({"customer": "cus_nobody"}, {"idempotency_key": "key"})
        assert refused.value.headers is not None
        assert dict(refused.value.headers).get("idempotent-replayed") == replayed


async def test_fifty_creates_at_once_with_one_key_make_one_object(emulator: StripeEmulator) -> None:
    headers = {"Authorization": "Bearer sk_test_fifty", "Idempotency-Key": "once"}
    async with httpx.AsyncClient(base_url=emulator.url, headers=headers, timeout=PATIENCE) as http:
        posts = [http.post("/v1/customers", data={"email": "ada@example.com"}) for _ in range(50)]
        responses: list[httpx.Response] = await asyncio.gather(*posts)
        listed: dict[str, Any] = (await http.get("/v1/customers")).json()

    assert {answer.status_code for answer in responses} <= {200, 409}
    assert len({answer.json()["id"] for answer in responses if answer.status_code == 200}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in responses if answer.status_code == 200) == 1
    assert len(listed["data"]) == 1


def test_accounts_do_not_share_keys_or_objects(emulator: StripeEmulator) -> None:
    one, two = (client_for(emulator.url, f"sk_test_{name}") for name in ("tenant_one", "tenant_two"))
    first = one.v1.customers.create({}, {"idempotency_key": "same"})
    second = two.v1.customers.create({}, {"idempotency_key": "same"})

    assert first.id != second.id
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        two.v1.customers.retrieve(first.id)
    assert (unknown.value.http_status, unknown.value.code) == (404, "resource_missing")

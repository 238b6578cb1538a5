"""Events reach their endpoints signed, in order and at least once, whatever is down or suspended in between."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from standardwebhooks import WebhookVerificationError

from billflow.domain.scopes import Scope
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.endpoints import EventFilter
from billflow.models.contracts.records import Paging
from billflow.temporal.schedules import DELIVERY_SWEEP, ensure_schedules
from tests.api_environment import ApiEnvironment, until
from tests.delivery.listener import OK, Listener, listening

ENDPOINTS = "/api/v1/webhook-endpoints"
CHANGES = ("customer.created", "customer.pricing_set", "customer.deactivated", "customer.activated")


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """Yield a server that takes events."""
    async with listening() as listener:
        yield listener


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that sends to a listener."""

    api: httpx.AsyncClient
    endpoint_id: str
    secret: str

    async def patch(self, **values: object) -> None:
        """Change the endpoint."""
        (await self.api.patch(f"{ENDPOINTS}/{self.endpoint_id}", json=values)).raise_for_status()

    async def replay(self, **which: object) -> int:
        """Send something once more."""
        answer = await self.api.post(f"{ENDPOINTS}/{self.endpoint_id}/replay", json=which)
        return int(answer.raise_for_status().json()["messages"])

    async def attempts(self) -> list[dict[str, Any]]:
        """Return the log, the oldest attempt first."""
        answer = await self.api.get(f"{ENDPOINTS}/{self.endpoint_id}/deliveries", params={"limit": 100})
        return list(reversed(answer.raise_for_status().json()["deliveries"]))


@pytest.fixture
async def endpoint(api: httpx.AsyncClient, listener: Listener) -> AsyncIterator[Endpoint]:
    """Yield an endpoint for everything, and take it away at the end."""
    made = (await api.post(ENDPOINTS, json={"url": listener.url})).raise_for_status().json()
    yield Endpoint(api, made["id"], made["secret"])
    (await api.delete(f"{ENDPOINTS}/{made['id']}")).raise_for_status()


def change(reason: str | None = None) -> ChangeContext:
    return ChangeContext(actor="tests", at=datetime.now(UTC), reason=reason)


async def test_events_arrive_signed_and_in_order_with_a_log_of_each_attempt(
    env: ApiEnvironment, listener: Listener, endpoint: Endpoint
) -> None:
    customer = (await env.customer(card=None)).customer_id
    await env.engine.repositories.customers.deactivate(CustomerRef(org_id=env.org_id, customer_id=customer), change())
    await env.engine.repositories.customers.activate(CustomerRef(org_id=env.org_id, customer_id=customer), change())

    wanted = ["customer.created", "customer.deactivated", "customer.activated"]
    await listener.until(lambda here: here.types(customer) == wanted)

    ids = listener.verified(endpoint.secret)
    kept = await env.engine.repositories.outbox.list(env.org_id, EventFilter(customer_id=customer), Paging())
    assert [event["id"] for event in listener.accepted] == ids
    assert {event.event_id for event in kept.rows} <= set(ids)

    async def noted() -> bool:
        return {attempt["event_id"] for attempt in await endpoint.attempts()} >= set(ids)

    await until(noted)
    assert {(one["outcome"], one["status_code"], one["attempt"]) for one in await endpoint.attempts()} == {
        ("delivered", OK, 1)
    }


async def test_an_event_that_fails_holds_back_what_came_after_it_and_no_other_customer(
    env: ApiEnvironment, listener: Listener, endpoint: Endpoint
) -> None:
    failed: list[str] = []

    def refuses_the_first(event: dict[str, Any]) -> int:
        if event["type"] == "customer.created" and not failed:
            failed.append(event["data"]["customer_id"])
            return 500
        return OK

    listener.answer = refuses_the_first
    unlucky = (await env.customer(card=None)).customer_id
    await listener.until(lambda _: bool(failed))
    await env.engine.repositories.customers.deactivate(CustomerRef(org_id=env.org_id, customer_id=unlucky), change())
    lucky = (await env.customer(card=None)).customer_id

    await listener.until(lambda here: here.types(lucky) == ["customer.created"])
    assert listener.types(unlucky) == []
    await listener.until(lambda here: here.types(unlucky) == ["customer.created", "customer.deactivated"])
    ids = listener.verified(endpoint.secret)
    assert ids.count(listener.refused[0]["id"]) == 2


async def test_while_a_customer_is_suspended_its_events_wait_and_are_sent_after(
    env: ApiEnvironment, listener: Listener, endpoint: Endpoint
) -> None:
    repositories = env.engine.repositories
    customer = await env.customer(card=None)
    await repositories.customers.suspend(customer.ref, change("unpaid"))
    await repositories.customers.set_pricing(customer.ref, customer.pricing, change())
    other = (await env.customer(card=None)).customer_id

    until_then = ["customer.created", "customer.suspended"]
    await listener.until(lambda here: here.types(other) == ["customer.created"])
    await listener.until(lambda here: here.types(customer.customer_id) == until_then)
    assert await endpoint.replay(event_id=listener.accepted[0]["id"]) == 1

    await repositories.customers.activate(customer.ref, change())
    after = [*until_then, "customer.pricing_set"]
    await listener.until(lambda here: {*after, "customer.activated"} <= set(here.types(customer.customer_id)))
    in_order = [kind for kind in listener.types(customer.customer_id)[2:] if kind != "customer.created"]
    assert in_order == ["customer.pricing_set", "customer.activated"]


async def test_an_endpoint_receives_what_it_asked_for_and_gets_the_past_by_replay(
    env: ApiEnvironment, listener: Listener, endpoint: Endpoint
) -> None:
    since = datetime.now(UTC)
    await endpoint.patch(event_types=["customer.deactivated"])
    customer = (await env.customer(card=None)).customer_id
    await env.engine.repositories.customers.deactivate(CustomerRef(org_id=env.org_id, customer_id=customer), change())
    await listener.until(lambda here: here.types(customer) == ["customer.deactivated"])

    await endpoint.patch(event_types=[])
    assert await endpoint.replay(since=since.isoformat()) >= 2
    await listener.until(lambda here: len(here.types(customer)) == 3)
    assert listener.types(customer)[1:] == ["customer.created", "customer.deactivated"]
    ids = listener.verified(endpoint.secret)
    assert len(ids) > len(set(ids))


async def test_a_redirect_is_a_failure_and_gone_is_the_end(
    env: ApiEnvironment, listener: Listener, endpoint: Endpoint
) -> None:
    listener.answer = lambda _: 302
    await env.customer(card=None)
    await listener.until(lambda here: len(here.refused) >= 1)
    listener.answer = lambda _: 410
    await env.customer(card=None)

    async def disabled() -> bool:
        shown = (await endpoint.api.get(f"{ENDPOINTS}/{endpoint.endpoint_id}")).json()
        return bool(shown["status"] == "disabled" and shown["disabled_reason"] == "It answered 410 Gone.")

    await until(disabled)
    errors = {attempt["error"] for attempt in await endpoint.attempts()}
    assert {"answered 302", "answered 410"} <= errors
    assert listener.accepted == []


@pytest.mark.full
async def test_an_endpoint_that_was_off_gets_what_waited_when_it_is_on_again(
    env: ApiEnvironment, listener: Listener, endpoint: Endpoint
) -> None:
    listener.answer = lambda _: 500
    customer = (await env.customer(card=None)).customer_id
    await listener.until(lambda here: here.has_refused(customer))
    await endpoint.patch(status="disabled")
    listener.answer = lambda _: OK
    await endpoint.patch(status="enabled")
    await listener.until(lambda here: here.types(customer) == ["customer.created"])


async def test_the_secret_is_shown_once(endpoint: Endpoint) -> None:
    shown = (await endpoint.api.get(f"{ENDPOINTS}/{endpoint.endpoint_id}")).text
    assert endpoint.secret not in shown
    listed = (await endpoint.api.get(ENDPOINTS)).text
    assert endpoint.endpoint_id in listed
    assert endpoint.secret not in listed


async def test_while_a_secret_is_changed_both_sign(env: ApiEnvironment, listener: Listener, endpoint: Endpoint) -> None:
    await endpoint.patch(event_types=["customer.created"])
    rotate = f"{ENDPOINTS}/{endpoint.endpoint_id}/rotate-secret"
    fresh = (await endpoint.api.post(rotate, json={"overlap_hours": 1})).raise_for_status().json()
    await env.customer(card=None)
    await listener.until(lambda here: len(here.accepted) >= 1)
    assert listener.verified(endpoint.secret) == listener.verified(fresh["secret"])
    assert fresh["old_secret_until"]

    leaked = (await endpoint.api.post(rotate, json={"overlap_hours": 0})).raise_for_status().json()
    await env.customer(card=None)
    await listener.until(lambda here: len(here.accepted) == 2)
    del listener.requests[0]
    assert listener.verified(leaked["secret"])
    for old in (endpoint.secret, fresh["secret"]):
        with pytest.raises(WebhookVerificationError):
            listener.verified(old)


async def test_without_the_scope_admin_endpoints_stay_closed(env: ApiEnvironment) -> None:
    async with env.client(await env.key(Scope.READ, Scope.WRITE, Scope.SUPPORT)) as client:
        assert (await client.get(ENDPOINTS)).status_code == 403
        assert (await client.get("/api/v1/events")).status_code == 200


async def test_a_replay_names_either_an_event_or_a_moment(endpoint: Endpoint) -> None:
    for body in ({}, {"event_id": "x", "since": "2026-01-01T00:00:00Z"}):
        answer = await endpoint.api.post(f"{ENDPOINTS}/{endpoint.endpoint_id}/replay", json=body)
        assert answer.status_code == 422
    unknown = await endpoint.api.post(f"{ENDPOINTS}/{endpoint.endpoint_id}/replay", json={"event_id": "x"})
    assert unknown.status_code == 404


async def test_every_event_leaves_the_queue(env: ApiEnvironment, env_database_url: str) -> None:
    await env.customer(card=None)

    async def empty() -> bool:
        async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
            found = await connection.execute("SELECT count(*) FROM outbox_pending")
            return await found.fetchone() == (0,)

    await until(empty)


@pytest.mark.full
async def test_a_stream_whose_workflow_was_lost_is_taken_up_again(
    env: ApiEnvironment, listener: Listener, endpoint: Endpoint
) -> None:
    listener.answer = lambda _: 500
    customer = (await env.customer(card=None)).customer_id
    await listener.until(lambda here: here.has_refused(customer))
    lost = f"delivery/{endpoint.endpoint_id}/{customer}"
    await env.engine.client.get_workflow_handle(lost).terminate("the cluster lost it")
    listener.answer = lambda _: OK

    client = env.engine.client
    await ensure_schedules(client)
    await client.get_schedule_handle(DELIVERY_SWEEP).trigger()

    await listener.until(lambda here: here.types(customer) == ["customer.created"])

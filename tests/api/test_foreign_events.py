"""A signed event of Stripe's that is nobody's is kept apart, names no tenant, and is answered 200: it comes no more."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from billflow.models.contracts.stripe_event_types import HANDLED_TYPES
from billflow.models.contracts.webhooks import ForeignReason, StripeEvent, StripeObjects
from tests.api.test_webhooks import deliver, event_of
from tests.api_environment import ApiEnvironment
from tests.sizes import further, some

STRANGER = f"cus_{uuid4().hex}"
NOTHING: Mapping[str, object] = {"id": "x_1", "object": "charge"}


def foreign_event(kind: str, named: Mapping[str, object], **changes: object) -> dict[str, object]:
    """Return an event about an object that has no mark of ours."""
    return {**event_of(kind, "", ""), "data": {"object": dict(named)}, **changes}


async def stored(env: ApiEnvironment, event_id: object) -> list[ForeignReason]:
    """Return why an event is kept as foreign; empty where it is not."""
    found = await env.engine.repositories.stripe_events.list_foreign(100)
    return [one.reason for one in found if one.event_id == event_id]


async def tenants(url: str, event_id: object) -> list[Any]:
    """Return the organizations to which an event was given."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        query = "SELECT org_id FROM webhook_event WHERE stripe_event_id = %s"
        return await (await connection.execute(query, [event_id])).fetchall()


@pytest.mark.parametrize("unlinked", [2, *further(1)])
@pytest.mark.parametrize("kind", some(4, HANDLED_TYPES))
async def test_an_event_of_any_type_that_names_nobody_is_nobodys_however_many_accounts_are_unlinked(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str, kind: str, unlinked: int
) -> None:
    for _ in range(unlinked):
        await env.customer(card=None)
    event = foreign_event(kind, NOTHING)

    answers = [await deliver(api, env, event) for _ in range(2)]

    assert [(answer.status_code, answer.json()["is_new"]) for answer in answers] == [(200, False)] * 2
    assert await stored(env, event["id"]) == [ForeignReason.NO_CUSTOMER]
    assert await tenants(env_database_url, event["id"]) == []


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (foreign_event("invoice.paid", {"id": "in_stranger", "object": "invoice"}), ForeignReason.UNKNOWN_CUSTOMER),
        (foreign_event("customer.updated", {"id": STRANGER, "object": "customer"}), ForeignReason.UNKNOWN_CUSTOMER),
        (foreign_event("charge.refunded", {**NOTHING, "customer": STRANGER}), ForeignReason.UNKNOWN_CUSTOMER),
        (foreign_event("charge.refunded", {**NOTHING, "customer": None}), ForeignReason.NO_CUSTOMER),
        (event_of("invoice.paid", str(uuid4()), str(uuid4())), ForeignReason.UNKNOWN_CUSTOMER),
        (event_of("invoice.paid", str(uuid4()), "no-uuid"), ForeignReason.UNKNOWN_CUSTOMER),
        (foreign_event("invoice.paid", NOTHING, livemode=True), ForeignReason.WRONG_MODE),
    ],
    ids=["invoice", "customer", "charge", "null", "organization", "no organization", "real money"],
)
async def test_an_event_about_strangers_says_why_it_is_nobodys(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str, event: dict[str, object], reason: ForeignReason
) -> None:
    answer = await deliver(api, env, event)

    assert (answer.status_code, answer.json()["is_new"]) == (200, False)
    assert await stored(env, event["id"]) == [reason]
    assert await tenants(env_database_url, event["id"]) == []


async def test_an_event_of_the_other_mode_is_given_to_nobody_even_where_it_names_one_of_ours(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    event = {**event_of("invoice.paid", str(uuid4()), env.org_id), "livemode": True}

    answer = await deliver(api, env, event)

    assert answer.status_code == 200
    assert await stored(env, event["id"]) == [ForeignReason.WRONG_MODE]
    assert await tenants(env_database_url, event["id"]) == []


async def test_what_is_of_no_use_to_anybody_is_not_even_kept(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    event = event_of("invoice.dreamed_of", str(uuid4()), env.org_id)

    answer = await deliver(api, env, event)

    assert (answer.status_code, answer.json()["is_new"]) == (200, False)
    assert await stored(env, event["id"]) == []


async def test_operators_see_how_many_there_are_and_which(env: ApiEnvironment) -> None:
    monitoring, events = env.engine.queries.monitoring, env.engine.repositories.stripe_events
    before = (await monitoring.waiting_work()).foreign_stripe_events
    received = datetime.now(UTC) + timedelta(days=1)
    missing = dict.fromkeys(name for name, field in StripeEvent.model_fields.items() if field.is_required())
    named = {"event_id": f"evt_{uuid4().hex}", "type": "invoice.paid", "created": received, "livemode": False}
    event = StripeEvent.model_validate({**missing, **named, "objects": StripeObjects(customer=STRANGER)})

    await events.store_foreign(event, ForeignReason.UNKNOWN_CUSTOMER, received)

    assert (await monitoring.waiting_work()).foreign_stripe_events == before + 1
    (newest,) = await events.list_foreign(1)
    assert (newest.event_id, newest.objects.customer, newest.received_at) == (event.event_id, STRANGER, received)

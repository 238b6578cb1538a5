"""What can't be a source's counts changes nothing, says its place and the way out, and is seen afterwards."""

import json
from typing import Any

import pytest
from fastapi import Response

from billflow.delivery import seat_http
from billflow.delivery.seat_counts import checked_counts
from billflow.delivery.seat_http import AWAY
from billflow.models.contracts.endpoints import EventFilter
from billflow.models.contracts.records import Paging
from billflow.models.contracts.seat_sources import CountedDeployment
from billflow.ports.seats import BadSeatCounts
from tests.api_environment import ApiEnvironment
from tests.seats.conftest import Product, pulled_from
from tests.sizes import some

MINE = CountedDeployment(deployment_id="d1", name="acme")
BAD: dict[str, tuple[Any, str]] = {
    "negative": ([{"deployment_id": "d1", "members": -2}], r"deployments\[0\]\.members is wrong: it is less than 0"),
    "too many": ([{"deployment_id": "d1", "members": 10**9}], r"\.members is wrong: it is over 1,000,000"),
    "a fraction": ([{"deployment_id": "d1", "members": 2.5}], r"\.members is wrong: it is no whole number"),
    "a text": ([{"deployment_id": "d1", "members": "2"}], r"\.members is wrong: it is no whole number"),
    "true": ([{"deployment_id": "d1", "members": True}], r"\.members is wrong: it is no whole number"),
    "no members": ([{"deployment_id": "d1"}], r"\.members is wrong: it is missing"),
    "no object": ([3], r"deployments\[0\] is wrong"),
    "another's": ([{"deployment_id": "d2", "members": 2}], r"deployments\[0\] is of 'd2', which was not asked for"),
    "twice": (
        [{"deployment_id": "d1", "members": 2}, {"deployment_id": "acme", "members": 3}],
        r"deployments\[1\] counts 'acme' a second time",
    ),
    "other people": (
        [{"deployment_id": "d1", "members": 2, "people": [{"id": "u1"}]}],
        "counts 2 members and 0 guests, but names 1 and 0",
    ),
    "one person twice": (
        [{"deployment_id": "d1", "members": 2, "people": [{"id": "u1"}, {"id": "u1"}]}],
        "names somebody twice",
    ),
    "a kind of people": (
        [{"deployment_id": "d1", "members": 1, "people": [{"id": "u1", "kind": "bot"}]}],
        r"deployments\[0\]\.people\[0\]\.kind is wrong",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_row_that_is_wrong_is_refused_with_its_place(name: str) -> None:
    rows, message = BAD[name]

    with pytest.raises(BadSeatCounts, match=message) as refused:
        checked_counts(rows, [MINE], "product.example")

    assert refused.value.message.startswith("product.example: deployments[")
    assert "nothing was applied; answer as docs/seat-sources.md describes." in refused.value.message


UNUSABLE: dict[str, tuple[int, Any, str]] = {
    "no JSON": (200, "<html>", "127.0.0.1 answered 200, but not with JSON"),
    "no list": (200, json.dumps({"seats": 3}), "127.0.0.1 answered 200, but without a list `deployments`"),
    "a null": (200, "null", "127.0.0.1 answered 200, but without a list `deployments`"),
    "a fault": (503, "", "127.0.0.1 answered 503; it must answer 200; nothing was applied"),
    "another place": (200, Response(status_code=302, headers={"Location": "/x"}), "127.0.0.1 answered 302; it must"),
    "nobody": (200, json.dumps({"deployments": []}), "The seat source has no count of the deployment"),
}


@pytest.mark.parametrize("name", some(3, UNUSABLE))
async def test_an_answer_that_says_nothing_useful_changes_nothing_and_is_seen(
    env: ApiEnvironment, product: Product, name: str
) -> None:
    product.status, product.body, message = UNUSABLE[name]
    customer = await env.customer(card=None)
    await pulled_from(env, customer, target=product.url)

    result = await env.engine.seats.pull(env.org_id, customer.customer_id)

    assert (result.counted, result.failed) == (0, 1)
    assert message in str(result.counts[0].message)
    assert await env.engine.queries.customers.seats(env.org_id, customer.customer_id) == ()
    mine = [one for one in await env.engine.seat_sources.list(env.org_id) if one.customer_id == customer.customer_id]
    assert [(one.counted, one.failing) for one in mine] == [(0, 1)]
    wanted = EventFilter(type="seat_source.failing")
    events = (await env.engine.repositories.outbox.list(env.org_id, wanted, Paging(limit=100))).rows
    told = [event for event in events if event.data["seat_source_id"] == mine[0].seat_source_id]
    assert len(told) == 1
    await env.engine.seats.pull(env.org_id, customer.customer_id)
    again = (await env.engine.repositories.outbox.list(env.org_id, wanted, Paging(limit=100))).rows
    assert len([one for one in again if one.data["seat_source_id"] == mine[0].seat_source_id]) == 1


async def test_a_source_that_is_not_there_is_away(env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)
    await pulled_from(env, customer, target="http://127.0.0.1:1/billflow/seats")

    (counted,) = (await env.engine.seats.pull(env.org_id, customer.customer_id)).counts

    assert (counted.code, counted.message) == ("seat_source_away", f"127.0.0.1 can't be reached; {AWAY}")


async def test_a_source_that_never_answers_is_not_waited_for(
    env: ApiEnvironment, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_http, "PATIENCE_SECONDS", 0.2)
    customer = await env.customer(card=None)
    await pulled_from(env, customer, target=product.url)
    product.awake.clear()

    (counted,) = (await env.engine.seats.pull(env.org_id, customer.customer_id)).counts

    assert counted.code == "seat_source_away"
    assert counted.message == f"127.0.0.1 gave no answer within 0 seconds; {AWAY}"
    assert await env.engine.queries.customers.seats(env.org_id, customer.customer_id) == ()


@pytest.mark.full
async def test_a_source_in_our_own_network_is_refused_where_private_addresses_are(env: ApiEnvironment) -> None:
    async with env.client(await env.key()) as api:
        answer = await api.post(
            "/api/v1/seat-sources", json={"kind": "http", "target": "http://169.254.169.254/latest/meta-data"}
        )

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_url")

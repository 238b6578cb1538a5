"""Requests find their routes as FastAPI would find them, and are answered by the bytes that FastAPI would answer."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from billflow.api import requests
from billflow.api.app import create_app
from billflow.api.route_index import RouteIndex
from billflow.wiring.api import api_services
from tests.api_environment import ApiEnvironment

OF_THE_TIME = frozenset({"x-request-id", "date"})
"""Headers that differ from one answer to the next."""

READS = (
    "/customers",
    "/customers?limit=1",
    "/customers?limit=1&offset=2&status=active",
    "/customers?limit=many",
    "/customers?limit=1&limit=2",
    "/customers?colour=red",
    "/customers?q=",
    "/customers?q=%00",
    "/customers/{customer}",
    "/customers/{customer}?as_of=2000-01-01T00:00:00Z",
    "/customers/{customer}?as_of=now",
    "/customers/7",
    "/customers/{customer}/contacts?limit=0",
    "/customers/{customer}/seats?since=2026-07-01T00:00:00Z",
    "/customers/{customer}/seats/can-add?members=two",
    "/customers/{customer}/report",
    "/plans?live=true",
    "/plans?live=perhaps",
    "/invoices",
    "/invoices?after=nowhere",
    "/events?type=customer.created",
    "/nothing",
    "/customers/",
)
WRITES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/customers/{customer}/seats", {"json": {"members": 3, "observed_at": "2026-07-01T00:00:00Z"}}),
    ("/customers/{customer}/seats", {"json": {"members": "3"}}),
    ("/customers/{customer}/seats", {"json": {"members": 3, "colour": "red"}}),
    ("/customers/{customer}/seats", {"json": []}),
    ("/customers/{customer}/seats", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    ("/customers/{customer}/seats", {"content": b'{"members": 3}', "headers": {"Content-Type": "text/plain"}}),
    (
        "/customers/{customer}/seats",
        {"content": b'{"members": 4}', "headers": {"Content-Type": "application/json; charset=utf-8"}},
    ),
    ("/customers/{customer}/seats", {}),
    ("/customers/{customer}/activate", {"json": {"reason": 7}}),
    ("/plans", {"json": {"customer_id": "7"}}),
    ("/previews", {"json": {}}),
)


def app_of(env: ApiEnvironment) -> FastAPI:
    """Return an API of its own."""
    return create_app(api_services(env.engine))


def index_of(app: FastAPI) -> RouteIndex:
    """Return what finds the routes of an API."""
    index = app.router.middleware_stack
    assert isinstance(index, RouteIndex)
    return index


def test_every_documented_route_is_found_by_its_path(env: ApiEnvironment) -> None:
    app = app_of(env)
    index, left_to_fastapi = index_of(app), []
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            asked = path.replace("{", "").replace("}", "-1")
            found = index.find({"type": "http", "method": method.upper(), "path": asked})
            if found is None:
                left_to_fastapi.append(path)
                continue
            known, params = found
            assert known.context().path_format == path
            assert params == {name: f"{name}-1" for name in known.context().param_convertors}

    assert set(left_to_fastapi) == {"/healthz", "/api/v1/customers/{customer_id}/portal-links"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/v1/customers/"), ("GET", "/api/v1/customers//seats"), ("PUT", "/api/v1/customers"), ("GET", "/")],
)
def test_what_is_no_path_is_left_to_fastapi(env: ApiEnvironment, method: str, path: str) -> None:
    assert index_of(app_of(env)).find({"type": "http", "method": method, "path": path}) is None


def content_of(answer: httpx.Response) -> tuple[int, bytes, Mapping[str, str]]:
    """Return what an answer says, without what differs each time."""
    return answer.status_code, answer.content, {k: v for k, v in answer.headers.items() if k not in OF_THE_TIME}


@pytest.fixture
async def both(
    env: ApiEnvironment, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Yield a client of an API as it is, and one of an API whose requests go all the way through FastAPI."""
    headers = {"Authorization": f"Bearer {await env.key()}"}
    ours, theirs = app_of(env), app_of(env)
    vars(theirs.router)["middleware_stack"] = index_of(theirs).others
    with monkeypatch.context() as patched:
        patched.setattr(requests, "answering", lambda _, by_fastapi: by_fastapi)
        list(theirs.openapi()["paths"])  # makes every route ready
    transports = [httpx.ASGITransport(app=app) for app in (ours, theirs)]
    async with (
        httpx.AsyncClient(transport=transports[0], base_url="http://billflow/api/v1", headers=headers) as one,
        httpx.AsyncClient(transport=transports[1], base_url="http://billflow/api/v1", headers=headers) as other,
    ):
        yield one, other


async def test_answers_are_those_of_fastapi(
    env: ApiEnvironment, both: tuple[httpx.AsyncClient, httpx.AsyncClient]
) -> None:
    customer = (await env.customer()).customer_id
    statuses = set()
    for path in READS:
        one, other = [content_of(await client.get(path.format(customer=customer))) for client in both]
        assert one == other, path
        statuses.add(one[0])
    for path, sent in WRITES:
        for client in both[:1]:
            await client.post(path.format(customer=customer), **sent)  # so that both find it done, or refused
        one, other = [content_of(await client.post(path.format(customer=customer), **sent)) for client in both]
        assert one == other, (path, sent)
        statuses.add(one[0])

    assert {200, 201, 404, 422} <= statuses


async def test_a_write_that_is_sent_again_is_answered_by_either(
    both: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    key, new = {"Idempotency-Key": uuid4().hex}, {"name": "Twice", "email": "twice@muster.example"}
    first, again = [await client.post("/customers", json=new, headers=key) for client in both]

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"

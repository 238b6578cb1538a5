"""What may work a moment later is tried again, as the same write; the rest is told at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from billflow.api.server import serving
from billflow.client import AsyncClient, Client, ServerUnreachable, customers
from billflow.client.clients import Retries
from billflow.dev.ports import LOOPBACK, free_port
from billflow.domain.errors import BillingError


@dataclass
class Moody:
    """An API that answers what it is told to, one status after the other."""

    statuses: list[int]
    keys: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        """Answer the next status."""
        self.keys.append(request.headers["Idempotency-Key"])
        status = self.statuses.pop(0)
        problem = '{"code": "busy", "detail": "Ask again."}'
        return Response(problem, status, {"Retry-After": "0"}, media_type="application/problem+json")


@asynccontextmanager
async def moody(*statuses: int) -> AsyncIterator[tuple[Moody, str]]:
    """Serve such an API."""
    api, app = Moody(list(statuses)), FastAPI()
    app.add_api_route("/api/v1/customers", api.answer, methods=["POST"])
    async with serving(app, LOOPBACK, 0) as url:
        yield api, url


CALL = customers.create("Acme", "billing@acme.example")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_busy_api_is_asked_again_under_the_same_key(status: int) -> None:
    async with moody(status, status, 418) as (api, url), AsyncClient(url, "key", trust_env=False) as client:
        with pytest.raises(BillingError) as told:
            await client.do(CALL)
    assert (told.value.code, told.value.message) == ("busy", "Ask again.")
    assert len(api.keys) == 3
    assert len(set(api.keys)) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
async def test_what_won_t_change_is_asked_once(status: int) -> None:
    async with moody(status) as (api, url), AsyncClient(url, "key", trust_env=False) as client:
        with pytest.raises(BillingError, match="Ask again"):
            await client.do(CALL)
    assert len(api.keys) == 1


async def test_after_its_last_try_it_says_that_the_outcome_is_unknown() -> None:
    retries = Retries(attempts=2)
    async with moody(503, 503) as (api, url), AsyncClient(url, "key", retries=retries, trust_env=False) as client:
        with pytest.raises(ServerUnreachable):
            await client.do(CALL)
    assert len(api.keys) == 2


def test_a_server_that_is_not_there_is_tried_and_named() -> None:
    url = f"http://{LOOPBACK}:{free_port()}"
    with Client(url, "key", retries=Retries(attempts=2), trust_env=False) as client, pytest.raises(ServerUnreachable):
        client.do(CALL)


def test_pauses_grow_and_keep_to_what_the_server_asks() -> None:
    retries = Retries(attempts=9)
    pauses = [retries.pause(tried, None) or 0 for tried in range(1, 9)]
    assert all(0.5 <= later / (0.25 * 2**number) <= 1 for number, later in enumerate(pauses) if number < 7)
    assert max(pauses) <= 30
    assert retries.pause(1, httpx.Response(429, headers={"Retry-After": "7"})) == 7
    assert retries.pause(1, httpx.Response(429, headers={"Retry-After": "700"})) == 30
    assert retries.pause(9, None) is None
    assert retries.pause(1, httpx.Response(200)) is None

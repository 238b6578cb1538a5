"""The API as a process part: ready only when it can work, and gone when it is stopped."""

import re
import socket
from dataclasses import dataclass, replace
from datetime import datetime

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from billflow.api.app import create_app
from billflow.api.authentication import Authentication
from billflow.api.server import CannotListen, serving
from billflow.console.app import console_app
from billflow.console.services import ConsoleService
from billflow.dev.ports import LOOPBACK
from billflow.models.contracts.access import ApiKeyRecord, Mode, PresentedKey
from billflow.ports.database import DatabaseBusy, NoDatabase
from billflow.ports.payments import PaymentsRejected, PaymentsUnavailable
from billflow.store.access.api_keys import PostgresApiKeyRepository
from billflow.temporal.workflow_control import NoTemporalServer
from billflow.wiring.api import api_services
from tests.api_environment import ApiEnvironment
from tests.waiting import PATIENCE


@dataclass(frozen=True)
class BrokenKeys(PostgresApiKeyRepository):
    """Keys that can't be looked up."""

    error: Exception

    async def find_valid(self, presented: PresentedKey, at: datetime) -> ApiKeyRecord | None:
        raise self.error


def test_a_request_is_held_against_one_list_of_routes(env: ApiEnvironment) -> None:
    """A router that is included has several routes in its place."""
    services = api_services(env.engine)
    console = ConsoleService(env.engine.repositories.console_sessions, env.engine.mode)
    for app in (create_app(services), console_app(services, console)):
        assert [one.original_route for one in iter_route_contexts(app.routes)] == app.routes


async def test_a_process_that_runs_says_so(api: httpx.AsyncClient) -> None:
    assert (await api.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize(
    "outage",
    [
        NoDatabase("gone"),
        DatabaseBusy("busy"),
        NoTemporalServer("gone"),
        PaymentsUnavailable("gone"),
        TimeoutError(),
    ],
)
async def test_what_is_out_of_reach_may_be_asked_again(env: ApiEnvironment, outage: Exception) -> None:
    services = replace(
        api_services(env.engine),
        authentication=Authentication(BrokenKeys(env.engine.database, outage), Mode.TEST),
    )
    async with (
        serving(create_app(services), LOOPBACK, 0) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        answer = await client.get("/api/v1/plans", headers={"Authorization": f"Bearer {await env.key()}"})

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert "gone" not in answer.text


async def test_what_stripe_refuses_us_has_its_code_and_the_words_stay_in_our_log(env: ApiEnvironment) -> None:
    refusal = PaymentsRejected("No such customer: 'cus_1'.", stripe_code="resource_missing")
    services = replace(
        api_services(env.engine),
        authentication=Authentication(BrokenKeys(env.engine.database, refusal), Mode.TEST),
    )
    async with serving(create_app(services), LOOPBACK, 0) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/api/v1/plans", headers={"Authorization": f"Bearer {await env.key()}"})

    assert (answer.status_code, answer.json()["code"]) == (500, "stripe_rejected")
    assert "cus_1" not in answer.text


async def test_a_fault_of_ours_shows_no_trace_and_can_be_found_by_its_request_id(env: ApiEnvironment) -> None:
    services = replace(
        api_services(env.engine),
        authentication=Authentication(BrokenKeys(env.engine.database, KeyError("the inner workings")), Mode.TEST),
    )
    async with (
        serving(create_app(services), LOOPBACK, 0) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        answer = await client.get("/api/v1/plans", headers={"Authorization": f"Bearer {await env.key()}"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "inner workings" not in answer.text
    assert answer.headers["x-request-id"]


async def test_a_port_in_use_is_one_clear_sentence(env: ApiEnvironment) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port}"):
            async with serving(create_app(api_services(env.engine)), LOOPBACK, port):
                pass


async def test_with_keys_the_api_may_listen_on_every_interface(env: ApiEnvironment) -> None:
    async with serving(create_app(api_services(env.engine)), "0.0.0.0", 0) as url:  # noqa: S104  (it asks for keys)
        port = url.rsplit(":", 1)[1]
        async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False, timeout=PATIENCE) as client:
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/api/v1/plans")).status_code == 401


async def test_a_stopped_server_gives_its_port_back(env: ApiEnvironment) -> None:
    async with serving(create_app(api_services(env.engine)), LOOPBACK, 0) as url:
        port = int(url.rsplit(":", 1)[1])

    with socket.create_server((LOOPBACK, port)) as free:
        assert free.getsockname()[1] == port


async def test_the_pages_need_nothing_from_anybody_elses_server(env: ApiEnvironment) -> None:
    async with env.client() as client:
        page = (await client.get("/docs")).text
        parts = re.findall(r'(?:src|href)="([^"]+)"', page)
        answers = [await client.get(part) for part in parts]

    assert any(part.endswith(".js") for part in parts)
    assert all(part.startswith("/") for part in parts), parts
    assert {answer.status_code for answer in answers} == {200}

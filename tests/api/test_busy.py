"""A busy database is a queue: requests and background work wait in queues of their own, and a full one says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from billflow.api.app import create_app
from billflow.api.server import serving
from billflow.client import AsyncClient, customers
from billflow.client.clients import Retries
from billflow.dev.ports import LOOPBACK
from billflow.models.contracts.access import Claim, IdempotentResponse
from billflow.models.contracts.webhooks import StripeEvent
from billflow.ports.database import DatabaseBusy
from billflow.store.access.idempotency import PostgresIdempotencyRepository
from billflow.store.session.database import POOL_SIZE, Database
from billflow.store.session.pools import BACKGROUND_POOL_SIZE
from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository
from billflow.wiring.api import api_services
from billflow.wiring.operations import operations_of
from tests.api.test_webhooks import deliver, event_of, kept
from tests.api_environment import ApiEnvironment, until
from tests.waiting import PATIENCE

SIZE = 2


@dataclass(frozen=True)
class BusyAtTheEnd(PostgresIdempotencyRepository):
    """Answers whose database is busy when the first one is to be stored."""

    refused: list[str]

    async def store(self, org_id: str, claim: Claim, answer: IdempotentResponse) -> None:
        """Refuse once."""
        if not self.refused:
            self.refused.append(claim.key)
            raise DatabaseBusy("not now")
        await super().store(org_id, claim, answer)


@asynccontextmanager
async def in_use(env: ApiEnvironment, database: Database, count: int) -> AsyncIterator[None]:
    """Hold that many connections."""
    async with AsyncExitStack() as held:
        for _ in range(count):
            await held.enter_async_context(database.unit_of_work(env.org_id))
        yield


@asynccontextmanager
async def small_env(env: ApiEnvironment, url: str, *, waiting: float) -> AsyncIterator[ApiEnvironment]:
    """Serve the API with two connections for requests, for which one waits some seconds."""
    requests = Database(url, pool_size=SIZE, pool_timeout=waiting)
    engine = replace(env.engine, pools=replace(env.engine.pools, requests=requests))
    async with serving(create_app(api_services(engine)), LOOPBACK, 0) as api_url:
        yield replace(env, engine=engine, api_url=api_url)
    await requests.close()


async def test_a_request_for_which_no_connection_comes_free_may_be_sent_again(
    env: ApiEnvironment, env_database_url: str
) -> None:
    headers = {"Authorization": f"Bearer {await env.key()}"}
    async with (
        small_env(env, env_database_url, waiting=0.01) as small,
        httpx.AsyncClient(base_url=small.api_url, headers=headers, timeout=PATIENCE) as client,
        in_use(small, small.engine.pools.requests, SIZE),
    ):
        answer = await client.get("/api/v1/plans")
        await (operations := operations_of(small.engine)).look()

    assert (answer.status_code, answer.json()["code"]) == (503, "database_busy")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert set(operations.checks.values()) == {"ok"}


@pytest.mark.full
async def test_our_client_gets_through_once_a_connection_is_free(env: ApiEnvironment, env_database_url: str) -> None:
    async with small_env(env, env_database_url, waiting=0.01) as small:
        statuses: list[int] = []
        freed = asyncio.Event()

        async def receive(response: httpx.Response) -> None:
            statuses.append(response.status_code)
            freed.set()

        async def hold_until_refused() -> None:
            async with in_use(small, small.engine.pools.requests, SIZE):
                held.set()
                await freed.wait()

        held, retries = asyncio.Event(), Retries(attempts=100)
        holding = asyncio.create_task(hold_until_refused())
        await held.wait()
        options = {"trust_env": False, "event_hooks": {"response": [receive]}}
        async with AsyncClient(small.api_url, await env.key(), retries=retries, **options) as client:
            customer = await client.do(customers.create("Acme", f"{uuid4().hex}@acme.example"))
        await holding

    assert statuses[0] == 503
    assert statuses[-1] == 201
    assert customer.name == "Acme"


async def test_requests_wait_for_their_turn(env: ApiEnvironment, env_database_url: str) -> None:
    key = await env.key()
    async with small_env(env, env_database_url, waiting=600) as small, small.client(key) as client:
        answers = await asyncio.gather(*(client.get("/api/v1/plans") for _ in range(20 * SIZE)))

    assert {answer.status_code for answer in answers} == {200}


async def test_background_work_that_waits_holds_no_request_up(
    env: ApiEnvironment, api: httpx.AsyncClient, env_database_url: str
) -> None:
    event = event_of("invoice.paid", str(uuid4()), env.org_id)

    async def is_handled() -> bool:
        return await kept(env_database_url, event["id"]) == [(True,)]

    async with in_use(env, env.engine.pools.background, BACKGROUND_POOL_SIZE):
        taken = await deliver(api, env, event)
        read = await api.get("/api/v1/plans")
        assert not await is_handled()
    await until(is_handled)

    assert (taken.status_code, read.status_code) == (200, 200)


async def test_requests_that_wait_hold_no_background_work_up(env: ApiEnvironment, env_database_url: str) -> None:
    event = StripeEvent(
        event_id=f"evt_{uuid4().hex}",
        type="invoice.paid",
        org_id=env.org_id,
        invoice_id=str(uuid4()),
        plan_id=None,
        customer_id=None,
        stripe_object_id="in_1",
        created=datetime.now(UTC),
        livemode=False,
    )

    async def is_handled() -> bool:
        return await kept(env_database_url, event.event_id) == [(True,)]

    async with in_use(env, env.engine.pools.requests, POOL_SIZE):
        await PostgresStripeEventRepository(env.engine.pools.work).store_event(env.org_id, event, datetime.now(UTC))
        await until(is_handled)


@pytest.mark.full
async def test_a_write_that_is_done_is_kept_when_the_database_is_busy_at_its_end(env: ApiEnvironment) -> None:
    answers = BusyAtTheEnd(env.engine.database, [])
    services = api_services(env.engine)
    services.repositories.idempotency = answers
    asked = {"name": "Acme", "email": f"{uuid4().hex}@acme.example"}
    headers = {"Authorization": f"Bearer {await env.key()}", "Idempotency-Key": uuid4().hex}
    async with (
        serving(create_app(services), LOOPBACK, 0) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        first, again = [await client.post("/api/v1/customers", json=asked, headers=headers) for _ in range(2)]

    assert answers.refused == [headers["Idempotency-Key"]]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content

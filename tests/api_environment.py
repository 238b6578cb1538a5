"""The whole engine on real servers: a database and a Temporal namespace of its own, an emulator, workers, the API."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr
from temporalio.client import Client

from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK, free_port
from billflow.dev.postgres import RUNS, as_login
from billflow.domain.scopes import Scope
from billflow.models.contracts.access import LONGEST_RATE, NewApiKey
from billflow.models.contracts.customers import ChangeContext, CustomerRecord, NewCustomer
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.keyring import Key
from billflow.payments.sandbox import GOOD_CARD, Sandbox
from billflow.settings import Settings
from billflow.telemetry.logging import configure_logging
from billflow.temporal.worker import run_until
from billflow.wiring.api import build_api
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.operations import build_operations
from billflow.wiring.store import sell_example
from billflow.wiring.workers import workers
from stripe_emulator.engine.services import Settings as StripeSettings
from stripe_emulator.server import StripeEmulator
from tests.databases import migrated_database
from tests.namespaces import fresh_namespace
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from billflow.telemetry.traces import Tracing

API_KEY = "sk_test_engine"
FIRST_LOOK, LONGEST_LOOK = 0.05, 0.25
"""Seconds between looks at whether something has happened: a look is several queries, and others use the processor."""


class PatientTransport(httpx.AsyncHTTPTransport):
    """Sends a request again for which the API found no connection, as its callers are asked to.

    So it does with one for a page when more came from this machine than people send.
    """

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until it is answered otherwise; fails after `PATIENCE`."""
        answer = await super().handle_async_request(request)
        async with asyncio.timeout(PATIENCE):
            while await self._may_be_sent_again(request, answer):
                await asyncio.sleep(float(answer.headers["Retry-After"]))
                answer = await super().handle_async_request(request)
        return answer

    async def _may_be_sent_again(self, request: httpx.Request, answer: httpx.Response) -> bool:
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return request.url.path.startswith(("/console", "/portal"))
        return answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and b'"database_busy"' in await answer.aread()


@dataclass(frozen=True)
class ApiEnvironment:
    """A running billflow: its engine, where its API answers, and what customers do by themselves."""

    engine: Engine
    api_url: str
    webhook_secret: str
    sandbox: Sandbox
    org_id: str
    stripe_url: str
    exposition: Callable[[], bytes]
    working: asyncio.Task[None]

    async def customer(self, *, card: str | None = GOOD_CARD) -> CustomerRecord:
        """Create a customer, with a card on file unless None."""
        change = ChangeContext(actor="tests", at=datetime.now(UTC))
        new = NewCustomer(name="Acme", email=f"{secrets.token_hex(8)}@acme.example")
        record = await self.engine.repositories.customers.create(self.org_id, new, change)
        if card:
            await self.give_card(record.customer_id, card)
        return record

    async def key(self, *scopes: Scope, org_id: str | None = None, **terms: Any) -> str:
        """Return a new API key; with every scope where none is named, in the house's organization unless one is."""
        named = {
            "name": "tests",
            "mode": self.engine.mode,
            "scopes": scopes or tuple(Scope),
            "rate_limit": LONGEST_RATE,
        }
        change = ChangeContext(actor="tests", at=datetime.now(UTC))
        new = NewApiKey.model_validate(named | terms)
        return (
            await self.engine.repositories.api_keys.create(org_id or self.org_id, new, change)
        ).text.get_secret_value()

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        """Return a client of the running API."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(base_url=self.api_url, headers=headers, transport=PatientTransport(), timeout=PATIENCE)

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[httpx.AsyncClient]:
        """Serve the operations endpoints meanwhile, and yield a client of theirs."""
        app = build_operations(self.engine, self.exposition)
        async with serving(app, LOOPBACK, 0) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
            yield client

    async def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask the emulator's control plane."""
        async with httpx.AsyncClient(base_url=f"{self.stripe_url}/_sim", trust_env=False, timeout=PATIENCE) as http:
            answer = await http.request(method, path, json=body or None)
            return dict(answer.raise_for_status().json())

    async def give_card(self, customer_id: str, card: str = GOOD_CARD) -> None:
        """Put a card of the customer's on file."""
        customer = await self.engine.queries.customers.get(self.org_id, customer_id)
        billed = BilledCustomer(
            org_id=customer.org_id,
            customer_id=customer.customer_id,
            name=customer.name,
            email=customer.email,
            currency=customer.default_currency,
        )
        stripe_customer_id = await self.engine.gateway.ensure_customer(billed)
        await self.engine.repositories.invoices.record_stripe_customer(billed, stripe_customer_id)
        await self.sandbox.give_card(stripe_customer_id, card)


@pytest.fixture(scope="package")
async def env_database_url(postgres_url: str) -> str:
    """Return the URL of a migrated database that belongs to the house alone."""
    return await migrated_database(postgres_url, "env")


@pytest.fixture(scope="package")
async def env(env_database_url: str, temporal_server: str) -> AsyncIterator[ApiEnvironment]:
    """Run everything, its webhooks included, for a folder of tests."""
    async with api_environment(env_database_url, await fresh_namespace(temporal_server, "env")) as running:
        yield running


@asynccontextmanager
async def api_environment(
    database_url: str,
    client: Client,
    stripe: StripeSettings | None = None,
    *,
    tracing: "Tracing | None" = None,
    **changes: Any,
) -> AsyncIterator[ApiEnvironment]:
    """Run everything on the server of *client*, with *changes* to the settings, traced by *tracing* if there is any."""
    configure_logging("json", "warning")
    port, secret = free_port(), f"whsec_{secrets.token_hex(16)}"
    webhook_url = f"http://{LOOPBACK}:{port}/api/v1/webhooks/stripe"
    async with StripeEmulator(webhook=(webhook_url, secret), control=True, settings=stripe) as emulator:
        settings = Settings(
            database_url=SecretStr(as_login(database_url, RUNS)),
            database_owner_url=SecretStr(database_url),
            stripe_api_key=SecretStr(API_KEY),
            stripe_api_base=emulator.url,
            stripe_webhook_secret=SecretStr(secret),
            webhook_private_addresses=True,
            portal_url=f"http://{LOOPBACK}:{port}/portal",
            signing_keys=SecretStr(Key.fresh("tests").text()),
        ).model_copy(update=changes)
        async with open_engine(settings, client, tracing=tracing) as engine:
            stop = asyncio.Event()
            working = asyncio.create_task(run_until(stop, workers(engine)))
            org_id = await engine.repositories.organizations.ensure(settings.org)
            await sell_example(engine.repositories.catalogs, org_id)
            app = build_api(engine)
            async with serving(app, LOOPBACK, port) as url:
                sandbox, counted = Sandbox(engine.stripe, API_KEY), app.state.metrics.exposition
                yield ApiEnvironment(engine, url, secret, sandbox, org_id, emulator.url, counted, working)
            stop.set()
            await working


@pytest.fixture(scope="package")
def engine(env: ApiEnvironment) -> Engine:
    """Return the engine of the running house."""
    return env.engine


@pytest.fixture(scope="package")
async def api(env: ApiEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the running API whose key may do everything."""
    async with env.client(await env.key()) as client:
        yield client


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait until *happened* says so, and look less and less often; fails after `PATIENCE`."""
    pause = FIRST_LOOK
    async with asyncio.timeout(PATIENCE):
        while not await happened():  # it happens in a database, which sets no event
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_LOOK)

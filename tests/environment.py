"""A billflow of one's own for a test: an organization, workers and the API on whichever Temporal server."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stripe
from pydantic import SecretStr
from temporalio.client import Client, Plugin, WorkflowHandle
from temporalio.plugin import SimplePlugin

from billflow.api.server import serving
from billflow.dev.folder import claimed
from billflow.dev.ports import LOOPBACK, free_port
from billflow.dev.postgres import RUNS, as_login
from billflow.dev.stripe import EmulatorOptions, embedded_stripe
from billflow.domain.commands import PlanCommand
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import ChangeContext, CustomerRecord, SeatReport
from billflow.models.contracts.invoices import InvoiceRef
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState, StartPlanInput, StartPlanResult, StepResult
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging, PlanFilter
from billflow.models.contracts.steps import CommandRequest, PlanRef
from billflow.models.contracts.stripe_event_types import HANDLED_TYPES
from billflow.payments.sandbox import GOOD_CARD, Sandbox
from billflow.ports.database import DatabaseBusy
from billflow.settings import Settings
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.worker import run_until
from billflow.wiring.api import build_api
from billflow.wiring.engine import open_engine
from billflow.wiring.store import sell_example
from billflow.wiring.workers import workers
from billflow.workflows.plan import PlanWorkflow
from stripe_emulator.server import StripeEmulator
from tests.api_environment import API_KEY, ApiEnvironment
from tests.namespaces import STRICT_IMPORTS, fresh_namespace

if TYPE_CHECKING:
    from billflow.telemetry.traces import Tracing

SEATS = 10
ALL = Paging(limit=100)
MONTHLY = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY)
ANNUAL = StartPlan(tier="cloud_standard", schedule=Schedule.ANNUAL)
MANUAL = replace(MONTHLY, license_management=LicenseManagement.MANUAL, licenses=SEATS)
BY_INVOICE = replace(MONTHLY, collection_method=CollectionMethod.SEND_INVOICE, licenses=SEATS)


def strict_plugins(*, strict_imports: bool = True) -> list[Plugin]:
    """Return our plugin with strict imports, and one that lets a bug in a workflow fail it instead of hanging it."""
    fail_fast = SimplePlugin("fail fast", workflow_failure_exception_types=[Exception])
    return [billflow_plugin(strict_imports=strict_imports), fail_fast]


@dataclass(frozen=True)
class Environment(ApiEnvironment):
    """A running billflow with an organization of its own; times are those of its Temporal server."""

    temporal: Client
    database_url: str

    async def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC)

    async def subscriber(self, *, seats: int = SEATS, card: str | None = GOOD_CARD) -> CustomerRecord:
        """Create a customer whose deployment has reported its seats, with a card on file unless None."""
        customer = await self.customer(card=card)
        await self.report(customer, seats, await self.now() - timedelta(hours=1))
        return customer

    async def report(self, customer: CustomerRecord, seats: int, at: datetime, *, guests: int = 0) -> None:
        """Report seats, and guests beside them."""
        report = SeatReport(observed_at=at, members=seats, guests=guests)
        await self.engine.repositories.seats.report(customer.ref, [report])

    async def ask(
        self, customer: CustomerRecord, asked: StartPlan = MONTHLY, clock: tuple[str, datetime] | None = None
    ) -> StartPlanInput:
        """Return the request to start a plan now, or on a test clock that stands at a moment."""
        return StartPlanInput(
            org_id=self.org_id,
            customer_id=customer.customer_id,
            idempotency_key=KeyNamespace.CLIENT.key(secrets.token_hex(8)),
            actor="tests",
            start=asked,
            test_clock_id=clock[0] if clock else None,
            at=clock[1] if clock else await self.now(),
        )

    async def buy(self, customer: CustomerRecord, asked: StartPlan = MONTHLY) -> StartPlanResult:
        """Start a plan and return the answer."""
        return await self.engine.plans.start(await self.ask(customer, asked))

    async def plan_on_clock(
        self, customer: CustomerRecord, at: datetime, asked: StartPlan = MONTHLY
    ) -> tuple[str, PlanState]:
        """Start a plan on a new test clock that stands at *at*; return the clock's id and the plan."""
        clock = await self.engine.repositories.test_clocks.create(self.org_id, at)
        started = await self.engine.plans.start(await self.ask(customer, asked, (clock.test_clock_id, at)))
        return clock.test_clock_id, started.state

    async def advance(self, clock_id: str, to: datetime) -> None:
        """Move a test clock forward, with everything that hangs on it."""
        await self.engine.clocks.advance(self.org_id, clock_id, to)

    async def plan(self, customer: CustomerRecord, asked: StartPlan = MONTHLY) -> PlanState:
        """Start a plan and return it."""
        return (await self.buy(customer, asked)).state

    async def command(self, plan: PlanState, command: PlanCommand, command_id: str = "") -> StepResult:
        """Take a command by update; where a busy server says to come again, it does."""
        asked = request(command, command_id)
        while True:
            try:
                return await self.engine.plans.command(ref(plan), asked)
            except DatabaseBusy:
                await asyncio.sleep(1)

    async def signal(self, plan: PlanState, command: PlanCommand, command_id: str = "") -> None:
        """Leave a command by signal."""
        await self.engine.plans.signal(ref(plan), request(command, command_id))

    async def state(self, plan: PlanState) -> PlanState:
        """Return the plan as the records know it."""
        return await self.engine.repositories.plans.get(ref(plan))

    async def plans(self, customer: CustomerRecord) -> list[PlanState]:
        """Return all plans of a customer, the oldest first."""
        page = await self.engine.queries.plans.search(self.org_id, PlanFilter(customer_id=customer.customer_id), ALL)
        return list(reversed(page.rows))

    async def invoices(self, customer: CustomerRecord) -> list[InvoiceDetail]:
        """Return all invoices of a customer with their lines, the oldest first."""
        wanted = InvoiceFilter(customer_id=customer.customer_id)
        page = await self.engine.queries.invoices.search(self.org_id, wanted, ALL)
        return [await self.engine.queries.invoices.get(self.org_id, row.invoice_id) for row in reversed(page.rows)]

    async def at_stripe(self, customer: CustomerRecord) -> list[stripe.Invoice]:
        """Return what Stripe holds for a customer, the oldest first."""
        known = await self.engine.queries.customers.get(self.org_id, customer.customer_id)
        if (stripe_id := known.billing_account.stripe_customer_id) is None:
            return []
        page = await self.engine.stripe.v1.invoices.list_async({"customer": stripe_id, "limit": 100})
        return list(reversed(page.data))

    def workflow(self, plan: PlanState) -> WorkflowHandle[PlanWorkflow, PlanState]:
        """Return the handle of a plan's workflow."""
        return self.temporal.get_workflow_handle_for(PlanWorkflow.run, plan_workflow_id(plan.plan_id))

    def collection(self, invoice: InvoiceRef | InvoiceDetail) -> WorkflowHandle[Any, Any]:
        """Return the handle of an invoice's collection."""
        return self.temporal.get_workflow_handle(collection_workflow_id(invoice.invoice_id))

    async def change(self) -> ChangeContext:
        """Say who changes a customer, and when."""
        return ChangeContext(actor="tests", at=await self.now())


def ref(plan: PlanState) -> PlanRef:
    """Name a plan."""
    return plan.ref


def request(command: PlanCommand, command_id: str = "") -> CommandRequest:
    """Wrap a command, under an id of its own unless one is given."""
    return CommandRequest(
        command_id=KeyNamespace.CLIENT.key(command_id or secrets.token_hex(8)), command=command, actor="tests"
    )


@dataclass(frozen=True)
class RunningStripe:
    """A Stripe emulator: where it answers, and the secret of its webhooks."""

    url: str
    webhook_secret: str


StripeAt = Callable[[str], AbstractAsyncContextManager[RunningStripe]]
"""Runs an emulator whose webhooks go to the URL."""


@asynccontextmanager
async def stripe_in_thread(webhook_url: str) -> AsyncIterator[RunningStripe]:
    """Run an emulator in a thread of this process."""
    secret = f"whsec_{secrets.token_hex(16)}"
    async with StripeEmulator(seed=secrets.randbits(31), webhook=(webhook_url, secret), control=True) as emulator:
        yield RunningStripe(emulator.url, secret)


@asynccontextmanager
async def running_environment(
    client: Client,
    database_url: str,
    *,
    working: bool = True,
    stripe_at: StripeAt = stripe_in_thread,
    smtp_url: str | None = None,
    tracing: "Tracing | None" = None,
) -> AsyncIterator[Environment]:
    """Run workers and the API against the server of *client*, with a Stripe emulator and organization of their own."""
    port = free_port()
    async with stripe_at(f"http://{LOOPBACK}:{port}/api/v1/webhooks/stripe") as emulator:
        secret = emulator.webhook_secret
        settings = Settings(
            database_url=SecretStr(as_login(database_url, RUNS)),
            database_owner_url=SecretStr(database_url),
            stripe_api_key=SecretStr(API_KEY),
            stripe_api_base=emulator.url,
            stripe_webhook_secret=SecretStr(secret),
            org=f"world-{secrets.token_hex(4)}",
            smtp_url=SecretStr(smtp_url) if smtp_url else None,
            webhook_private_addresses=True,
        )
        async with open_engine(settings, client, tracing=tracing) as engine:
            org_id = await engine.repositories.organizations.ensure(settings.org)
            await sell_example(engine.repositories.catalogs, org_id)
            stop = asyncio.Event()
            running = asyncio.create_task(run_until(stop, workers(engine) if working else []))
            try:
                app = build_api(engine)
                async with serving(app, LOOPBACK, port) as url:
                    sandbox, counted = Sandbox(engine.stripe, API_KEY), app.state.metrics.exposition
                    its = (engine, url, secret, sandbox, org_id, emulator.url, counted, running)
                    yield Environment(*its, client, database_url)
            finally:
                stop.set()
                await running


@asynccontextmanager
async def dev_server_environment(
    temporal_server: str, database_url: str, *, working: bool = True, stripe_at: StripeAt = stripe_in_thread
) -> AsyncIterator[Environment]:
    """Run a world in a namespace of its own: two worlds in one would take each other's tasks."""
    client = await fresh_namespace(temporal_server, "env", strict_plugins(strict_imports=STRICT_IMPORTS))
    async with running_environment(client, database_url, working=working, stripe_at=stripe_at) as env:
        yield env


@asynccontextmanager
async def working(env: Environment) -> AsyncIterator[None]:
    """Run workers for as long as the block runs."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_until(stop, workers(env.engine)))
    try:
        yield
    finally:
        stop.set()
        await running


def stripe_in_process(folder: Path, seed: int) -> StripeAt:
    """Return how to run an emulator as a process of its own, for tests that give it much to do."""

    @asynccontextmanager
    async def stripe_at(webhook_url: str) -> AsyncIterator[RunningStripe]:
        terms = EmulatorOptions(False, webhook_url=webhook_url, types=HANDLED_TYPES, seed=seed)
        with claimed(folder) as lock:
            async with embedded_stripe(folder, lock, terms) as emulator:
                yield RunningStripe(emulator.api_base, emulator.webhook_secret)

    return stripe_at

"""An engine without webhooks, so that Stripe and the rows can come apart, in a namespace of its own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import stripe
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from billflow.dev.postgres import RUNS, as_login
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import ChangeContext, CustomerRecord, NewCustomer, SeatReport
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState, StartPlanInput
from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationReport, ReconciliationScope
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging
from billflow.payments.sandbox import GOOD_CARD, Sandbox
from billflow.settings import Settings
from billflow.temporal.worker import run_until
from billflow.temporal.workflow_starts import reconciliation_workflow
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.store import sell_example
from billflow.wiring.workers import workers
from stripe_emulator.server import StripeEmulator
from tests.api_environment import until
from tests.databases import migrated_database
from tests.namespaces import fresh_namespace
from tests.waiting import PATIENCE

API_KEY = "sk_test_reconciliation"
BY_CARD = StartPlan(
    tier="cloud_standard", schedule=Schedule.MONTHLY, license_management=LicenseManagement.MANUAL, licenses=10
)
BY_INVOICE = StartPlan(
    tier="cloud_standard",
    schedule=Schedule.MONTHLY,
    license_management=LicenseManagement.MANUAL,
    licenses=10,
    collection_method=CollectionMethod.SEND_INVOICE,
)
EVERYTHING = ReconciliationScope(grace_minutes=0)


@dataclass(frozen=True)
class ReconciliationEnvironment:
    """An organization with its engine, its Stripe account and its database."""

    engine: Engine
    org_id: str
    database_url: str

    async def subscriber(self) -> CustomerRecord:
        """Create a customer with ten seats and a good card."""
        change = ChangeContext(actor="tests", at=datetime.now(UTC))
        new = NewCustomer(name="Acme", email=f"{secrets.token_hex(8)}@acme.example")
        record = await self.engine.repositories.customers.create(self.org_id, new, change)
        billed = BilledCustomer(
            org_id=self.org_id, customer_id=record.customer_id, name="Acme", email=record.email, currency="USD"
        )
        stripe_customer_id = await self.engine.gateway.ensure_customer(billed)
        await self.engine.repositories.invoices.record_stripe_customer(billed, stripe_customer_id)
        await Sandbox(self.engine.stripe, API_KEY).give_card(stripe_customer_id, GOOD_CARD)
        seats = SeatReport(observed_at=datetime.now(UTC) - timedelta(hours=1), members=10)
        await self.engine.repositories.seats.report(record.ref, [seats])
        return await self.engine.queries.customers.get(self.org_id, record.customer_id)

    def ask(self, customer: CustomerRecord, asked: StartPlan) -> StartPlanInput:
        """Return the request to start a plan now."""
        return StartPlanInput(
            org_id=self.org_id,
            customer_id=customer.customer_id,
            idempotency_key=KeyNamespace.CLIENT.key(secrets.token_hex(8)),
            actor="tests",
            start=asked,
            at=datetime.now(UTC),
        )

    async def plan(self, asked: StartPlan = BY_CARD) -> PlanState:
        """Start a plan for a new customer and return it."""
        return (await self.engine.plans.start(self.ask(await self.subscriber(), asked))).state

    async def invoice(self, plan: PlanState) -> InvoiceDetail:
        """Return the plan's newest invoice."""
        page = await self.engine.queries.invoices.search(
            self.org_id, InvoiceFilter(plan_id=plan.plan_id), Paging(limit=1)
        )
        return await self.engine.queries.invoices.get(self.org_id, page.rows[0].invoice_id)

    async def held(self, invoice: InvoiceDetail) -> list[stripe.Invoice]:
        """Return what Stripe holds for the invoice's customer, the oldest first."""
        customer = await self.engine.queries.customers.get(self.org_id, invoice.customer_id)
        stripe_id = customer.billing_account.stripe_customer_id or ""
        page = await self.engine.stripe.v1.invoices.list_async({"customer": stripe_id, "limit": 100})
        return list(reversed(page.data))

    async def twin(self, invoice: InvoiceDetail, *, issued: bool, invoice_id: str | None = None) -> str:
        """Make another invoice at Stripe that is marked as this one, and return its id."""
        [first, *_] = await self.held(invoice)
        invoices, marks = self.engine.stripe.v1.invoices, first.to_dict()["metadata"]
        twin = await invoices.create_async(
            {
                "customer": str(first.customer),
                "currency": first.currency,
                "metadata": marks | {"billflow_invoice": invoice_id or invoice.invoice_id},
            }
        )
        await invoices.add_lines_async(twin.id, {"lines": [{"amount": first.total, "description": "twin"}]})
        if issued:
            await invoices.finalize_invoice_async(twin.id)
        return twin.id

    async def terminate(self, workflow_id: str) -> None:
        """End a workflow as if its cluster had lost it, as soon as it is there."""
        handle = self.engine.client.get_workflow_handle(workflow_id)

        async def is_lost() -> bool:
            try:
                await handle.terminate("lost")
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return False
                raise
            return True

        await until(is_lost)

    async def meddle(self, statement: str, *values: object) -> None:
        """Change the rows behind billflow's back."""
        async with await psycopg.AsyncConnection.connect(self.database_url, autocommit=True) as connection:
            await connection.execute(statement.encode(), values)

    async def reconcile(self, *, repair: bool) -> ReconciliationReport:
        """Compare everything, and return the report."""
        run = ReconciliationInput(org_id=self.org_id, repair=repair, scope=EVERYTHING)
        run_id = await self.engine.control.run(reconciliation_workflow(run, datetime.now(UTC)))
        return await self.engine.repositories.reconciliation.report(self.org_id, run_id)


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait until *happened* says so, which is itself a reconciliation and takes a while."""
    async with asyncio.timeout(PATIENCE):
        while not await happened():  # noqa: ASYNC110  (it happens on servers, which set no event)
            await asyncio.sleep(0.2)


@pytest.fixture(scope="package")
async def env_database_url(postgres_url: str) -> str:
    """Return the URL of a migrated database that belongs to these tests alone."""
    return await migrated_database(postgres_url, "env")


@pytest.fixture(scope="package")
async def env_temporal(temporal_server: str) -> Client:
    """Return a client of a namespace whose task queues nobody else serves."""
    return await fresh_namespace(temporal_server, "env")


@pytest.fixture
async def env(env_database_url: str, env_temporal: Client) -> AsyncIterator[ReconciliationEnvironment]:
    """Yield an organization of its own with working workers and a Stripe account without webhooks."""
    async with StripeEmulator(seed=secrets.randbits(31)) as emulator:
        settings = Settings(
            database_url=SecretStr(as_login(env_database_url, RUNS)),
            database_owner_url=SecretStr(env_database_url),
            stripe_api_key=SecretStr(API_KEY),
            stripe_api_base=emulator.url,
            org=f"town-{secrets.token_hex(4)}",
        )
        async with open_engine(settings, env_temporal) as engine:
            stop = asyncio.Event()
            working = asyncio.create_task(run_until(stop, workers(engine)))
            org_id = await engine.repositories.organizations.ensure(settings.org)
            await sell_example(engine.repositories.catalogs, org_id)
            yield ReconciliationEnvironment(engine, org_id, env_database_url)
            stop.set()
            await working

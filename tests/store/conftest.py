"""A database of our own with every migration, and one new organization per test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from billflow.dev.postgres import RUNS, as_login
from billflow.domain import billing_dates, lifecycle, plan_start
from billflow.domain.commands import PlanCommand
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import ChangeContext, CustomerRecord, Deployment, NewCustomer, SeatReport
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState, StartPlanInput, StepResult
from billflow.models.contracts.steps import ActivateInput, CloseCycleInput, CommandInput, PlanRef
from billflow.models.tables import Base
from billflow.store.access.organizations import PostgresOrganizationRepository
from billflow.store.session.database import Database
from billflow.store.session.repositories import Queries, Repositories
from billflow.wiring.store import sell_example
from tests.databases import NOBODYS, migrated_database

BEGIN = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
EMPTIES_BY_ITSELF = "outbox_pending"
"""The queue of events, which a running dispatcher works off at any moment."""

MONTHLY = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY)


@pytest.fixture(scope="package")
async def store_url(postgres_url: str) -> str:
    """Return the URL of a database with our tables."""
    return await migrated_database(postgres_url, "store")


@pytest.fixture(scope="package")
async def database(store_url: str) -> AsyncIterator[Database]:
    """Yield the way to that database."""
    database = Database(as_login(store_url, RUNS), pool_size=12)
    yield database
    await database.close()


def by(actor: str = "tester", at: datetime = BEGIN) -> ChangeContext:
    """Say who changes a customer."""
    return ChangeContext(actor=actor, at=at)


@dataclass(frozen=True)
class Company:
    """One organization and the doors to its records."""

    org_id: str
    database: Database
    repositories: Repositories
    queries: Queries

    async def customer(self, deployment: Deployment | None = None) -> CustomerRecord:
        """Create a customer with a name of its own."""
        email = f"{uuid4().hex[:8]}@example.com"
        return await self.repositories.customers.create(
            self.org_id, NewCustomer(name="Muster GmbH", email=email, deployment=deployment), by()
        )

    async def seats(self, customer: CustomerRecord, at: datetime, members: int, guests: int = 0) -> None:
        """Report seats."""
        await self.repositories.seats.report(customer.ref, [SeatReport(observed_at=at, members=members, guests=guests)])

    def ask(self, customer: CustomerRecord, asked: StartPlan = MONTHLY, key: str | None = None) -> StartPlanInput:
        """Return the request to start a plan at `BEGIN`."""
        return StartPlanInput(
            org_id=self.org_id,
            customer_id=customer.customer_id,
            idempotency_key=KeyNamespace.CLIENT.key(key or uuid4().hex),
            actor="tester",
            start=asked,
            at=BEGIN,
        )

    async def start(self, ask: StartPlanInput) -> StepResult:
        """Start a plan."""
        return await self.repositories.plans.start_plan(
            ask, lambda facts: plan_start.start_plan(facts, ask.start, ask.at)
        )

    async def bought(self, customer: CustomerRecord, asked: StartPlan = MONTHLY) -> PlanState:
        """Start a plan, pay its purchase at once and return the running plan."""
        started = await self.start(self.ask(customer, asked))
        return (await self.activate(started)).state

    async def activate(self, started: StepResult) -> StepResult:
        """Start the plan whose purchase is paid."""
        plan, invoice_id = ref(started.state), started.invoices[0].invoice_id
        step = ActivateInput(plan=plan, at=BEGIN, invoice_id=invoice_id)
        return await self.repositories.plans.take_step(step, lambda facts: plan_start.activate(facts, BEGIN))

    async def close(self, plan: PlanState, at: datetime | None = None) -> StepResult:
        """Close the plan's next billing date, or the one of *at*."""
        due = at or plan.due_at
        assert due is not None
        step = CloseCycleInput(plan=ref(plan), at=due)
        return await self.repositories.plans.take_step(
            step, lambda facts: billing_dates.process_billing_date(facts, due)
        )

    async def command(self, plan: PlanState, command: PlanCommand, at: datetime, key: str = "") -> StepResult:
        """Take a command."""
        step = CommandInput(
            plan=ref(plan),
            at=at,
            command_id=KeyNamespace.CLIENT.key(key or uuid4().hex),
            command=command,
            actor="tester",
        )
        return await self.repositories.plans.take_step(step, lambda facts: lifecycle.take_command(facts, command, at))


def ref(plan: PlanState) -> PlanRef:
    """Name a plan."""
    return plan.ref


def rows_of(url: str, org_id: str) -> list[tuple[str, int, str | None]]:
    """Return for each table how many rows the organization has, and a digest of them."""
    digest = sql.SQL(
        "SELECT {name}, count(*), md5(string_agg(t::text, '|' ORDER BY t::text))"
        " FROM {table} AS t WHERE {column} = {org}"
    )
    parts = [
        digest.format(
            name=name,
            table=sql.Identifier(name),
            column=sql.Identifier("id" if name == "org" else "org_id"),
            org=org_id,
        )
        for name in sorted(Base.metadata.tables.keys() - {EMPTIES_BY_ITSELF, NOBODYS})
    ]
    with psycopg.connect(url) as connection:
        # Of large tables several processes may read, in any order.
        return sorted(connection.execute(sql.SQL(" UNION ALL ").join(parts)), key=lambda row: str(row[0]))


def company_of(database: Database, org_id: str) -> Company:
    """Return the doors to the records of an organization in *database*."""
    repositories, queries = Repositories(database), Queries(database)
    return Company(org_id, database, repositories, queries)


async def new_company(database: Database) -> Company:
    """Found an organization that sells the example's tiers."""
    org_id = await PostgresOrganizationRepository(database).ensure(f"org-{uuid4().hex[:8]}")
    company = company_of(database, org_id)
    await sell_example(company.repositories.catalogs, org_id)
    return company


@pytest.fixture
async def company(database: Database) -> Company:
    """Return a new organization."""
    return await new_company(database)

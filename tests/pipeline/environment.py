"""One customer on a test clock of its own, and what happens to it on the whole engine."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import stripe

from billflow.domain.calendar import add_months
from billflow.domain.commands import PlanCommand
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customer_finances import GrantedCredit
from billflow.models.contracts.customers import (
    ChangeContext,
    CustomerPricing,
    CustomerRecord,
    CustomerRef,
    Deployment,
    DeploymentKind,
    NewCustomer,
    SeatReport,
)
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState, StartPlanInput, StartPlanResult, StepResult
from billflow.models.contracts.records import (
    InvoiceDetail,
    InvoiceFilter,
    InvoiceRecord,
    LedgerRecord,
    Paging,
    PlanFilter,
)
from billflow.models.contracts.steps import CommandRequest, PlanRef
from tests.api_environment import ApiEnvironment, until

BEGIN = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SERVER = "server"
MONTHLY = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY)
BASIC = StartPlan(tier="self_hosted_basic", schedule=Schedule.MONTHLY)
COMPLIMENTARY = StartPlan(tier="self_hosted_complimentary", schedule=Schedule.ANNUAL, end_date=add_months(BEGIN, 2))
NO_DISCOUNT = CustomerPricing(flat_discounted_months=0)
"""List price, without the months that a new self-hosted customer is granted."""

ALL = Paging(limit=100)
CLOSED = (InvoiceStatus.PAID, InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE)


def by_hand(licenses: int, asked: StartPlan = MONTHLY) -> StartPlan:
    """Return *asked* with licenses bought by hand."""
    return replace(asked, license_management=LicenseManagement.MANUAL, licenses=licenses)


def by_invoice(licenses: int, asked: StartPlan = MONTHLY) -> StartPlan:
    """Return *asked* paid by invoice."""
    return replace(asked, collection_method=CollectionMethod.SEND_INVOICE, licenses=licenses)


def ref(plan: PlanState) -> PlanRef:
    """Name a plan."""
    return plan.ref


@dataclass(frozen=True)
class PlanEnvironment:
    """A customer, its clock, and the house they live in."""

    env: ApiEnvironment
    customer: CustomerRecord
    clock_id: str

    @property
    def org_id(self) -> str:
        """Return the organization's id."""
        return self.env.org_id

    @property
    def customer_id(self) -> str:
        """Return the customer's id."""
        return self.customer.customer_id

    async def now(self) -> datetime:
        """Return the clock's time."""
        return (await self.env.engine.repositories.test_clocks.get(self.org_id, self.clock_id)).now_at

    async def start(self, asked: StartPlan = MONTHLY, key: str = "") -> StartPlanResult:
        """Start a plan now, and wait for its card."""
        ask = StartPlanInput(
            org_id=self.org_id,
            customer_id=self.customer_id,
            idempotency_key=KeyNamespace.CLIENT.key(key or secrets.token_hex(8)),
            actor="tests",
            start=asked,
            test_clock_id=self.clock_id,
            at=await self.now(),
        )
        return await self.env.engine.plans.start(ask)

    async def plan(self, asked: StartPlan = MONTHLY) -> PlanState:
        """Start a plan and return it."""
        return (await self.start(asked)).state

    async def command(self, plan: PlanState, command: PlanCommand, command_id: str = "") -> StepResult:
        """Take a command by update."""
        request = CommandRequest(
            command_id=KeyNamespace.CLIENT.key(command_id or secrets.token_hex(8)), command=command, actor="tests"
        )
        return await self.env.engine.plans.command(ref(plan), request)

    async def advance(self, to: datetime) -> None:
        """Let the clock run to *to*, with everything that is due on the way."""
        await self.env.engine.clocks.advance(self.org_id, self.clock_id, to)

    async def months(self, months: int) -> None:
        """Let so many months pass since the beginning, and a minute."""
        await self.advance(add_months(BEGIN, months) + timedelta(minutes=1))

    async def seats(self, members: int, at: datetime | None = None, guests: int = 0) -> None:
        """Report seats, now unless said otherwise."""
        report = SeatReport(observed_at=at or await self.now(), members=members, guests=guests)
        await self.env.engine.repositories.seats.report(
            CustomerRef(org_id=self.org_id, customer_id=self.customer_id), [report]
        )

    async def price(self, pricing: CustomerPricing) -> None:
        """Agree on prices."""
        await self.env.engine.repositories.customers.set_pricing(
            CustomerRef(org_id=self.org_id, customer_id=self.customer_id), pricing, await self.change()
        )

    async def change(self) -> ChangeContext:
        """Say who changes something, and when."""
        return ChangeContext(actor="support", at=await self.now())

    async def state(self, plan: PlanState) -> PlanState:
        """Return the plan as it is now."""
        return await self.env.engine.repositories.plans.get(ref(plan))

    async def plans(self) -> list[PlanState]:
        """Return the customer's plans, the oldest first."""
        page = await self.env.engine.queries.plans.search(self.org_id, PlanFilter(customer_id=self.customer_id), ALL)
        return list(reversed(page.rows))

    async def ledger(self, plan: PlanState) -> tuple[LedgerRecord, ...]:
        """Return the plan's ledger."""
        return await self.env.engine.queries.plans.ledger(ref(plan))

    async def invoices(self) -> list[InvoiceDetail]:
        """Return the customer's invoices, the oldest first; Stripe's numbers tell those of one moment apart."""
        rows = sorted(await self._invoice_rows(), key=lambda row: (row.issued_at, row.number or ""))
        return [await self.env.engine.queries.invoices.get(self.org_id, row.invoice_id) for row in rows]

    async def closed(self) -> list[InvoiceDetail]:
        """Return the customer's invoices once none of them is open any more."""
        await until(self._all_closed)
        return await self.invoices()

    async def sent(self) -> list[InvoiceDetail]:
        """Return the customer's invoices once Stripe holds all of them."""
        await until(self._all_sent)
        return await self.invoices()

    async def _all_closed(self) -> bool:
        return all(invoice.status in CLOSED for invoice in await self._invoice_rows())

    async def _all_sent(self) -> bool:
        return all(invoice.status is not InvoiceStatus.DRAFT for invoice in await self._invoice_rows())

    async def _invoice_rows(self) -> Sequence[InvoiceRecord]:
        wanted = InvoiceFilter(customer_id=self.customer_id)
        return (await self.env.engine.queries.invoices.search(self.org_id, wanted, ALL)).rows

    async def at_stripe(self) -> list[stripe.Invoice]:
        """Return what Stripe holds for the customer, the oldest first."""
        customer_id = await self.stripe_id()
        page = await self.env.engine.stripe.v1.invoices.list_async({"customer": customer_id, "limit": 100})
        return list(reversed(page.data))

    async def stripe_id(self) -> str:
        """Return the customer's id at Stripe."""
        record = await self.env.engine.queries.customers.get(self.org_id, self.customer_id)
        assert record.billing_account.stripe_customer_id is not None
        return record.billing_account.stripe_customer_id

    async def stripe_balance(self) -> int:
        """Return the customer's balance at Stripe: negative where we owe it something."""
        held = await self.env.engine.stripe.v1.customers.retrieve_async(await self.stripe_id())
        assert held.balance is not None
        return held.balance

    async def discounted_months(self) -> int:
        """Return how many months of flat discount the customer has left."""
        record = await self.env.engine.queries.customers.get(self.org_id, self.customer_id)
        return record.pricing.flat_discounted_months

    async def credits(self) -> tuple[GrantedCredit, ...]:
        """Return what is owed to the customer, and what was used of it, the oldest first."""
        ref = CustomerRef(org_id=self.org_id, customer_id=self.customer_id)
        return (await self.env.engine.repositories.credits.get(ref)).credits[::-1]

    async def credit_balance(self) -> int:
        """Return what is left of the credits."""
        return sum(credit.amount for credit in await self.credits())

    async def pay(self, invoice: InvoiceDetail) -> None:
        """Pay an invoice as its customer does on the hosted page."""
        assert invoice.stripe_invoice_id is not None
        pay = self.env.engine.stripe.v1.invoices.pay_async
        await pay(invoice.stripe_invoice_id, {"paid_out_of_band": True})

    async def events(self, *types: str) -> list[dict[str, Any]]:
        """Return the data of the customer's events of these types, in order, each with its `type`."""
        query = (
            "SELECT data || jsonb_build_object('type', type) FROM outbox_event"
            " WHERE customer_id = %s AND type = ANY(%s) ORDER BY sequence"
        )
        return [row[0] for row in await self.query(query, [self.customer_id, list(types)])]

    async def audited(self, subject_id: str) -> list[str]:
        """Return what was done to a subject, in order."""
        query = "SELECT action FROM audit_log WHERE subject_id = %s ORDER BY sequence"
        return [row[0] for row in await self.query(query, [subject_id])]

    async def query(self, query: str, values: list[Any]) -> list[Any]:
        """Ask the database as its owner."""
        url = self.env.engine.settings.database_owner_url
        assert url is not None
        async with await psycopg.AsyncConnection.connect(url.get_secret_value()) as connection:
            return await (await connection.execute(query, values)).fetchall()


async def begun(env: ApiEnvironment, hosting: str = "cloud") -> PlanEnvironment:
    """Return a new customer with a good card on a new clock that stands at `BEGIN`."""
    number = secrets.token_hex(6)
    deployment = Deployment(kind=DeploymentKind.REMOTE_SERVER, name=f"{number}.example", uuid=uuid4())
    new = NewCustomer(name="Acme", email=f"{number}@acme.example", deployment=deployment if hosting == SERVER else None)
    change = ChangeContext(actor="tests", at=BEGIN)
    customer = await env.engine.repositories.customers.create(env.org_id, new, change)
    await env.give_card(customer.customer_id)
    clock = await env.engine.repositories.test_clocks.create(env.org_id, BEGIN)
    return PlanEnvironment(env, customer, clock.test_clock_id)

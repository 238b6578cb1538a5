"""Debts made on purpose: customers on test clocks who don't pay, and what became of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from billflow.domain.calendar import add_months
from billflow.domain.dunning import DEFAULT_POLICY, DunningPolicy
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.mail import MailRecord
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail
from billflow.payments.sandbox import DECLINING_CARD
from tests.api_environment import until
from tests.environment import MONTHLY, Environment

BEGIN = datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
DUE = add_months(BEGIN, 1)
DAY = timedelta(days=1)
SEATS = 10

BANK_SECONDS = 0.5
"""How long a bank takes for a debit, by Stripe's clock."""


@dataclass
class Debtor:
    """A customer on a clock of its own, with a plan that renews at `DUE`."""

    env: Environment
    customer: CustomerRecord
    clock: str
    plan: PlanState

    async def at(self, moment: datetime) -> None:
        """Let the clock stand at *moment*."""
        await self.env.advance(self.clock, moment)

    async def after(self, days: int) -> None:
        """Let the clock stand that many days after the renewal."""
        await self.at(DUE + days * DAY)

    async def invoice(self, n: int = -1) -> InvoiceDetail:
        """Return an invoice, the newest unless told otherwise."""
        return (await self.env.invoices(self.customer))[n]

    async def credit_balance(self) -> int:
        """Return what is left of the customer's credits."""
        ref = self.customer.ref
        return sum(credit.amount for credit in (await self.env.engine.repositories.credits.get(ref)).credits)

    async def status(self) -> str:
        """Return the customer's status."""
        return (await self.env.engine.queries.customers.get(self.env.org_id, self.customer.customer_id)).status

    async def state(self) -> PlanState:
        """Return the plan as the records know it."""
        return await self.env.state(self.plan)

    async def mails(self) -> list[MailRecord]:
        """Return what the customer was written, the oldest first."""
        page = await self.env.engine.repositories.mails.list(self.env.org_id, self.customer.customer_id)
        return list(reversed(page.rows))

    async def reported(self) -> list[tuple[str, int]]:
        """Return the occasions of the mails, and how many days after the renewal each was written."""
        return [(mail.occasion.value, (mail.at - DUE) // DAY) for mail in await self.mails()]

    async def new_card(self, card: str) -> None:
        """Put another card on file, and say nothing."""
        await self.env.give_card(self.customer.customer_id, card)

    async def pays(self, n: int = -1) -> None:
        """Pay an invoice on its page, and wait until the records know and a plan that waited for it has begun."""
        stripe_invoice_id = (await self.invoice(n)).stripe_invoice_id or ""
        await self.env.engine.stripe.v1.invoices.pay_async(stripe_invoice_id, {"paid_out_of_band": True})

        async def is_paid() -> bool:
            is_taken_in = (await self.state()).awaiting_invoice_id is None
            return is_taken_in and (await self.invoice(n)).status is InvoiceStatus.PAID

        await until(is_paid)

    async def until_status(self, status: str) -> None:
        """Wait until the customer has a status."""

        async def has_it() -> bool:
            return await self.status() == status

        await until(has_it)

    async def at_stripe(self, n: int = -1) -> Any:
        """Return an invoice as Stripe holds it."""
        return (await self.env.at_stripe(self.customer))[n]


@dataclass(frozen=True)
class Debts:
    """Where debts are made."""

    env: Environment

    @asynccontextmanager
    async def policy(self, policy: DunningPolicy) -> AsyncIterator[None]:
        """Let the organization collect by a policy for a while."""
        await self.env.engine.repositories.dunning.set_policy(self.env.org_id, policy)
        yield
        await self.env.engine.repositories.dunning.set_policy(self.env.org_id, DEFAULT_POLICY)

    async def customer(self, asked: StartPlan = MONTHLY, *, seats: int = SEATS) -> Debtor:
        """Start a plan that is paid for until `DUE`."""
        customer = await self.env.customer()
        await self.env.report(customer, seats, BEGIN - DAY)
        clock, plan = await self.env.plan_on_clock(customer, BEGIN, asked)
        return Debtor(self.env, customer, clock, plan)

    async def declined(self, card: str = DECLINING_CARD, *, seats: int = SEATS) -> Debtor:
        """Renew a plan on a card that does not pay."""
        debtor = await self.customer(seats=seats)
        await debtor.new_card(card)
        await debtor.at(DUE)
        return debtor

"""Activities may run twice, or stop in the middle and run again: money moves once."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from temporalio.testing import ActivityEnvironment

from billflow.activities.collection import CollectionActivities
from billflow.activities.steps import StepActivities
from billflow.domain import plan_start
from billflow.domain.calendar import add_months
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import (
    Closed,
    CollectionOutcome,
    InvoiceInput,
    InvoiceRef,
    InvoiceStatus,
    InvoiceSummary,
    Issued,
    Paid,
)
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import ActivateInput, CloseCycleInput
from billflow.store.invoices.repository import PostgresInvoiceRepository
from tests.environment import Environment
from tests.sizes import some


class Interrupted(Exception):
    """The worker died here."""


@dataclass(frozen=True)
class InterruptedInvoiceRepository(PostgresInvoiceRepository):
    """Invoices whose connection breaks before the rows take in what Stripe said."""

    before: str = ""

    async def status(self, ref: InvoiceRef) -> InvoiceStatus:
        """Break here, where Stripe has the invoice and nobody is asked for the money yet, or look."""
        if self.before == "asking for the money":
            raise Interrupted
        return await super().status(ref)

    async def record_outcome(
        self, ref: InvoiceRef, outcome: CollectionOutcome, at: datetime, issued: Issued | None = None
    ) -> None:
        """Break here, or remember."""
        if self.before == "record_outcome":
            raise Interrupted
        await super().record_outcome(ref, outcome, at, issued)


@dataclass(frozen=True)
class VoidedMeanwhile(PostgresInvoiceRepository):
    """Invoices that somebody voids while they are on their way to Stripe."""

    async def status(self, ref: InvoiceRef) -> InvoiceStatus:
        """Void it, as whoever does so finds nothing at Stripe, and look."""
        await self.record_outcome(ref, Closed(), datetime.now(UTC))
        return await super().status(ref)


async def bought(env: Environment) -> tuple[CustomerRecord, PlanState, InvoiceSummary]:
    """Write a purchase into the records, and send nothing."""
    customer = await env.subscriber(seats=10)
    ask = await env.ask(customer)
    result = await env.engine.repositories.plans.start_plan(
        ask, lambda facts: plan_start.start_plan(facts, ask.start, ask.at)
    )
    return customer, result.state, result.invoices[0]


def collecting(invoice: InvoiceSummary) -> InvoiceInput:
    """Ask to collect an invoice at its own moment."""
    return invoice.as_of(invoice.issued_at)


async def test_collecting_twice_charges_once_and_answers_the_same(env: Environment) -> None:
    customer, _, invoice = await bought(env)
    collection = CollectionActivities(env.engine.repositories.invoices, env.engine.gateway)

    answers = [await ActivityEnvironment().run(collection.collect, collecting(invoice)) for _ in range(2)]

    assert answers == [Paid(amount_paid=8000)] * 2
    assert [(held.status, held.amount_paid) for held in await env.at_stripe(customer)] == [("paid", 8000)]


@pytest.mark.parametrize("before", some(1, ["record_outcome", "asking for the money"]))
async def test_collecting_again_after_a_crash_charges_once(env: Environment, before: str) -> None:
    customer, _, invoice = await bought(env)
    invoices = env.engine.repositories.invoices
    forgetful = InterruptedInvoiceRepository(invoices.database, before)

    with pytest.raises(Interrupted):
        await ActivityEnvironment().run(
            CollectionActivities(forgetful, env.engine.gateway).collect, collecting(invoice)
        )
    assert [row.stripe_invoice_id for row in await env.invoices(customer)] == [None]
    answer = await ActivityEnvironment().run(
        CollectionActivities(invoices, env.engine.gateway).collect, collecting(invoice)
    )

    assert answer == Paid(amount_paid=8000)
    assert [(held.status, held.amount_paid) for held in await env.at_stripe(customer)] == [("paid", 8000)]
    assert [row.status for row in await env.invoices(customer)] == [InvoiceStatus.PAID]


async def test_an_invoice_that_is_voided_on_its_way_is_not_charged(env: Environment) -> None:
    customer, _, invoice = await bought(env)
    voided = VoidedMeanwhile(env.engine.repositories.invoices.database)

    collected = CollectionActivities(voided, env.engine.gateway).collect
    answer = await ActivityEnvironment().run(collected, collecting(invoice))

    assert answer == Closed()
    assert [(held.status, held.amount_paid) for held in await env.at_stripe(customer)] == [("void", 0)]
    assert [(row.status, row.amount_paid) for row in await env.invoices(customer)] == [(InvoiceStatus.VOID, 0)]


async def test_a_cycle_closed_twice_makes_one_invoice_and_answers_the_same(env: Environment) -> None:
    customer, plan, purchase = await bought(env)
    steps = StepActivities(env.engine.repositories.plans)
    activate = ActivateInput(plan=plan.ref, invoice_id=purchase.invoice_id, at=purchase.issued_at)
    started = await ActivityEnvironment().run(steps.activate, activate)
    due = add_months(started.state.billing_cycle_anchor, 1)
    cycle = CloseCycleInput(plan=plan.ref, at=due)

    answers = [await ActivityEnvironment().run(steps.close_cycle, cycle) for _ in range(2)]

    assert answers[0] == answers[1]
    assert [row.total for row in await env.invoices(customer)] == [8000, 8000]

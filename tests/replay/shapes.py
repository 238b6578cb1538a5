"""The shapes of a plan's life whose histories are kept: played for real, to be recorded."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowHistory

from billflow.domain.calendar import add_months
from billflow.domain.commands import SetLicensesAtRenewal, SwitchToAnnual
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from billflow.temporal.ids import collection_workflow_id
from tests.api_environment import until
from tests.environment import ANNUAL, MANUAL, MONTHLY, Environment
from tests.replay.smaller_shapes import (
    close_invoice,
    customer_update,
    cutover,
    delivery,
    finding_repair,
    mail,
    onboarding,
    plan_batch,
    reconciliation,
    refund,
    retention,
    seat_pull,
)
from tests.workflows.histories import runs_of
from tests.workflows.periods import one_period

BEGIN = datetime(2024, 1, 31, 9, 30, tzinfo=UTC)
Shape = Callable[[Environment], Awaitable[list[WorkflowHistory]]]


async def period_without_invoice(env: Environment) -> list[WorkflowHistory]:
    """Wait for a billing date that bills nothing."""
    return [await one_period(env, ANNUAL)]


async def period_with_invoice(env: Environment) -> list[WorkflowHistory]:
    """Wait for a billing date, and send its invoice."""
    return [await one_period(env, MONTHLY)]


async def switch(env: Environment) -> list[WorkflowHistory]:
    """Buy monthly, and hand over to an annual plan at the end of the cycle."""
    customer = await env.customer()
    await env.report(customer, 10, BEGIN)
    clock, plan = await env.plan_on_clock(customer, BEGIN)
    await env.command(plan, SwitchToAnnual())
    await env.advance(clock, add_months(BEGIN, 1))
    await env.workflow(plan).result()
    return await runs_of(env.temporal, env.workflow(plan).id)


async def trial(env: Environment) -> list[WorkflowHistory]:
    """Try, and become a paid plan."""
    customer = await env.customer()
    await env.report(customer, 10, BEGIN)
    clock, plan = await env.plan_on_clock(customer, BEGIN, replace(MONTHLY, trial_days=30))
    await env.advance(clock, BEGIN + timedelta(days=31))
    return await runs_of(env.temporal, env.workflow(plan).id)


async def declined_collection(env: Environment) -> list[WorkflowHistory]:
    """Renew on a card that is declined twice, and pay with a new one."""
    customer = await env.customer()
    await env.report(customer, 10, BEGIN)
    clock, _ = await env.plan_on_clock(customer, BEGIN)
    await env.give_card(customer.customer_id, DECLINING_CARD)
    await env.advance(clock, add_months(BEGIN, 1))
    await env.advance(clock, add_months(BEGIN, 1) + timedelta(days=2))
    await env.give_card(customer.customer_id, GOOD_CARD)
    await env.engine.collection.retry_payments(env.org_id, customer.customer_id)
    invoice_id = (await env.invoices(customer))[-1].invoice_id
    await env.temporal.get_workflow_handle(collection_workflow_id(invoice_id)).result()
    return await runs_of(env.temporal, collection_workflow_id(invoice_id))


async def refused_debit(env: Environment) -> list[WorkflowHistory]:
    """Renew by a debit that the bank refuses later, and pay with a card."""
    customer = await env.customer()
    await env.report(customer, 10, BEGIN)
    clock, _ = await env.plan_on_clock(customer, BEGIN)
    await env.give_card(customer.customer_id, "pm_failed_de")
    await env.advance(clock, add_months(BEGIN, 1))
    invoice_id = (await env.invoices(customer))[-1].invoice_id

    async def is_refused() -> bool:
        return (await env.invoices(customer))[-1].attempts > 1

    await until(is_refused)
    await env.give_card(customer.customer_id, GOOD_CARD)
    await env.engine.collection.retry_payments(env.org_id, customer.customer_id)
    await env.temporal.get_workflow_handle(collection_workflow_id(invoice_id)).result()
    return await runs_of(env.temporal, collection_workflow_id(invoice_id))


async def backfill(env: Environment) -> list[WorkflowHistory]:
    """Close eight cycles in one run."""
    customer = await env.customer()
    await env.report(customer, 10, BEGIN)
    clock, plan = await env.plan_on_clock(customer, BEGIN)
    await env.advance(clock, add_months(BEGIN, 8))
    return await runs_of(env.temporal, env.workflow(plan).id)


async def on_hold(env: Environment) -> list[WorkflowHistory]:
    """Come to a renewal with too few licenses, be told so by signal, and go on."""
    customer = await env.customer()
    await env.report(customer, 10, BEGIN)
    clock, plan = await env.plan_on_clock(customer, BEGIN, MANUAL)
    await env.report(customer, 12, BEGIN + timedelta(days=1))
    await env.advance(clock, add_months(BEGIN, 1))
    await env.signal(plan, SetLicensesAtRenewal(licenses=11))
    await env.command(plan, SetLicensesAtRenewal(licenses=12))
    await env.advance(clock, add_months(BEGIN, 1))
    return await runs_of(env.temporal, env.workflow(plan).id)


SHAPES: tuple[Shape, ...] = (
    period_without_invoice,
    period_with_invoice,
    switch,
    trial,
    declined_collection,
    refused_debit,
    backfill,
    on_hold,
    onboarding,
    customer_update,
    delivery,
    refund,
    close_invoice,
    reconciliation,
    mail,
    retention,
    seat_pull,
    plan_batch,
    finding_repair,
    cutover,
)


async def played(env: Environment, only: Collection[str] = ()) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    """Play every shape, or *only* some, and yield each run's history under a name of its own."""
    for shape in [shape for shape in SHAPES if not only or shape.__name__ in only]:
        for number, history in enumerate(await shape(env), start=1):
            yield f"{shape.__name__}-{number}", history

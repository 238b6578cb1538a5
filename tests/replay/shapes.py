"""The shapes of a plan's life whose histories are kept: played for real, to be recorded."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowHistory

from billflow.domain.calendar import add_months
from billflow.domain.commands import SetLicensesAtRenewal, SwitchToAnnual
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from billflow.temporal.ids import collection_workflow_id
from tests.engine_fixtures import until
from tests.replay.smaller_shapes import closing, delivery, mail, naming, onboarding, reconciliation, refund
from tests.workflows.histories import runs_of
from tests.workflows.periods import one_period
from tests.world import ANNUAL, MANUAL, MONTHLY, World

BEGIN = datetime(2024, 1, 31, 9, 30, tzinfo=UTC)
Shape = Callable[[World], Awaitable[list[WorkflowHistory]]]


async def period_without_invoice(world: World) -> list[WorkflowHistory]:
    """Wait for a boundary that bills nothing."""
    return [await one_period(world, ANNUAL)]


async def period_with_invoice(world: World) -> list[WorkflowHistory]:
    """Wait for a boundary, and send its invoice."""
    return [await one_period(world, MONTHLY)]


async def switch(world: World) -> list[WorkflowHistory]:
    """Buy monthly, and hand over to an annual plan at the end of the cycle."""
    customer = await world.customer()
    await world.report(customer, 10, BEGIN)
    clock, plan = await world.plan_on_clock(customer, BEGIN)
    await world.command(plan, SwitchToAnnual())
    await world.advance(clock, add_months(BEGIN, 1))
    await world.workflow(plan).result()
    return await runs_of(world.temporal, world.workflow(plan).id)


async def trial(world: World) -> list[WorkflowHistory]:
    """Try, and become a paid plan."""
    customer = await world.customer()
    await world.report(customer, 10, BEGIN)
    clock, plan = await world.plan_on_clock(customer, BEGIN, replace(MONTHLY, trial_days=30))
    await world.advance(clock, BEGIN + timedelta(days=31))
    return await runs_of(world.temporal, world.workflow(plan).id)


async def declined_collection(world: World) -> list[WorkflowHistory]:
    """Renew on a card that is declined twice, and pay with a new one."""
    customer = await world.customer()
    await world.report(customer, 10, BEGIN)
    clock, _ = await world.plan_on_clock(customer, BEGIN)
    await world.give_card(customer.customer_id, DECLINING_CARD)
    await world.advance(clock, add_months(BEGIN, 1))
    await world.advance(clock, add_months(BEGIN, 1) + timedelta(days=2))
    await world.give_card(customer.customer_id, GOOD_CARD)
    await world.engine.billing.retry_payments(world.org_id, customer.customer_id)
    invoice_id = (await world.invoices(customer))[-1].invoice_id
    await world.temporal.get_workflow_handle(collection_workflow_id(invoice_id)).result()
    return await runs_of(world.temporal, collection_workflow_id(invoice_id))


async def refused_debit(world: World) -> list[WorkflowHistory]:
    """Renew by a debit that the bank refuses later, and pay with a card."""
    customer = await world.customer()
    await world.report(customer, 10, BEGIN)
    clock, _ = await world.plan_on_clock(customer, BEGIN)
    await world.give_card(customer.customer_id, "pm_failed_de")
    await world.advance(clock, add_months(BEGIN, 1))
    invoice_id = (await world.invoices(customer))[-1].invoice_id

    async def is_refused() -> bool:
        return (await world.invoices(customer))[-1].attempts > 1

    await until(is_refused)
    await world.give_card(customer.customer_id, GOOD_CARD)
    await world.engine.billing.retry_payments(world.org_id, customer.customer_id)
    await world.temporal.get_workflow_handle(collection_workflow_id(invoice_id)).result()
    return await runs_of(world.temporal, collection_workflow_id(invoice_id))


async def catch_up(world: World) -> list[WorkflowHistory]:
    """Close eight boundaries in one run."""
    customer = await world.customer()
    await world.report(customer, 10, BEGIN)
    clock, plan = await world.plan_on_clock(customer, BEGIN)
    await world.advance(clock, add_months(BEGIN, 8))
    return await runs_of(world.temporal, world.workflow(plan).id)


async def parked(world: World) -> list[WorkflowHistory]:
    """Come to a renewal with too few licences, be told so by signal, and go on."""
    customer = await world.customer()
    await world.report(customer, 10, BEGIN)
    clock, plan = await world.plan_on_clock(customer, BEGIN, MANUAL)
    await world.report(customer, 12, BEGIN + timedelta(days=1))
    await world.advance(clock, add_months(BEGIN, 1))
    await world.signal(plan, SetLicensesAtRenewal(licenses=11))
    await world.command(plan, SetLicensesAtRenewal(licenses=12))
    await world.advance(clock, add_months(BEGIN, 1))
    return await runs_of(world.temporal, world.workflow(plan).id)


SHAPES: tuple[Shape, ...] = (
    period_without_invoice,
    period_with_invoice,
    switch,
    trial,
    declined_collection,
    refused_debit,
    catch_up,
    parked,
    onboarding,
    naming,
    delivery,
    refund,
    closing,
    reconciliation,
    mail,
)


async def played(world: World, only: Collection[str] = ()) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    """Play every shape, or *only* some, and yield each run's history under a name of its own."""
    for shape in [shape for shape in SHAPES if not only or shape.__name__ in only]:
        for number, history in enumerate(await shape(world), start=1):
            yield f"{shape.__name__}-{number}", history

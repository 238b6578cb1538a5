"""What happens beside a plan: a customer taken in and renamed, events sent, money given back, records compared."""

import asyncio
import tempfile
from datetime import timedelta
from uuid import uuid4

from temporalio.client import WorkflowHistory

from billflow.domain.commands import Retry
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.plan_start import StartPlan
from billflow.domain.reconciliation import Finding, FindingKind, Repair, Severity
from billflow.domain.scopes import ALL_SCOPES
from billflow.models.contracts.adjustments import RefundInput, VoidInput
from billflow.models.contracts.customer_resources import ProjectCreate
from billflow.models.contracts.customers import ChangeContext, CustomerUpdate
from billflow.models.contracts.endpoints import EndpointCreate
from billflow.models.contracts.imports import ImportCreate
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.mail import NotificationInput, Occasion
from billflow.models.contracts.onboarding import OnboardingOptions
from billflow.models.contracts.plan_batches import BatchFilter, PlanBatchCreate
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import ReconciliationInput, RepairInput, RunRef
from billflow.models.contracts.seat_sources import NewSeatSource, SeatPullInput, SeatSourceKind
from billflow.models.contracts.steps import PlanRef
from billflow.temporal.workflow_starts import (
    customer_update_workflow,
    mail_workflow,
    reconciliation_workflow,
    repair_workflow,
    retention_workflow,
    seat_pull_workflow,
)
from tests.api_environment import API_KEY, until
from tests.cutovers.old_and_new import BEGIN, RENEWAL, subscribed
from tests.delivery.listener import listening
from tests.environment import BY_INVOICE, MANUAL, Environment
from tests.imports.openings import opening, with_plan
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.test_clocks import advance as advance_stripe
from tests.workflows.histories import runs_of


async def onboarding(env: Environment) -> list[WorkflowHistory]:
    """Take a customer in, with a project and a trial."""
    customer = await env.customer(card=None)
    ref = customer.ref
    plan = StartPlan(tier=MANUAL.tier, schedule=MANUAL.schedule, trial_days=14)
    wishes = OnboardingOptions(project=ProjectCreate(name="First"), plan=plan)
    await env.engine.customers.onboard(ref, wishes, await _change(env))
    return await _over(env, f"onboarding/{customer.customer_id}")


async def customer_update(env: Environment) -> list[WorkflowHistory]:
    """Change a customer's name, and tell Stripe."""
    customer = await env.customer()
    ref = customer.ref
    await env.engine.repositories.customers.update(ref, CustomerUpdate(name="Muster AG"), await _change(env))
    await env.engine.control.start(customer_update_workflow(ref), "changed")
    return await _over(env, f"customer-update/{customer.customer_id}")


async def delivery(env: Environment) -> list[WorkflowHistory]:
    """Send what happened to a customer, at the second attempt."""
    async with listening() as listener:
        listener.answer = lambda _: 500 if not listener.refused else 204
        endpoints, change = env.engine.webhooks.endpoints, await _change(env)
        endpoint = (await endpoints.create(env.org_id, EndpointCreate(url=listener.url), change)).record
        customer = await env.customer(card=None)
        await listener.until(lambda here: here.types(customer.customer_id) == ["customer.created"])
        runs = await _over(env, f"delivery/{endpoint.endpoint_id}/{customer.customer_id}")
        await endpoints.delete(env.org_id, endpoint.endpoint_id, change)
    return runs


async def mail(env: Environment) -> list[WorkflowHistory]:
    """Write to a customer that access is back."""
    customer = await env.subscriber()
    await env.plan(customer)
    [invoice] = await env.invoices(customer)
    ask = NotificationInput(
        org_id=env.org_id, invoice_id=invoice.invoice_id, occasion=Occasion.REACTIVATED, at=await env.now()
    )
    start = mail_workflow(ask, invoice.customer_id, invoice.plan_id)
    await env.engine.control.run(start)
    return await _over(env, start.workflow_id)


async def refund(env: Environment) -> list[WorkflowHistory]:
    """Give money back."""
    customer = await env.subscriber()
    await env.plan(customer, MANUAL)
    invoice = (await env.invoices(customer))[-1]
    asked = {"org_id": env.org_id, "invoice_id": invoice.invoice_id, "key": uuid4().hex, "actor": "tests"}
    made = await env.engine.adjustments.refund(RefundInput.model_validate(asked | {"at": await env.now()}))
    return await _over(env, f"refund/{made.refund_id}")


async def close_invoice(env: Environment) -> list[WorkflowHistory]:
    """Void an invoice that was sent."""
    customer = await env.subscriber(card=None)
    await env.plan(customer, BY_INVOICE)
    invoice = (await env.invoices(customer))[-1]
    asked = {"org_id": env.org_id, "invoice_id": invoice.invoice_id, "key": uuid4().hex, "actor": "tests"}
    await env.engine.adjustments.void(VoidInput.model_validate(asked | {"at": await env.now()}))
    return await _over(env, f"close-invoice/{invoice.invoice_id}/void")


async def reconciliation(env: Environment) -> list[WorkflowHistory]:
    """Compare everything, and repair what is safe."""
    await env.plan(await env.subscriber(), MANUAL)
    day = await env.now() + timedelta(days=1)
    await env.engine.control.run(reconciliation_workflow(ReconciliationInput(org_id=env.org_id), day))
    return await _over(env, f"reconciliation/{env.org_id}/{day:%Y-%m-%d}")


async def retention(env: Environment) -> list[WorkflowHistory]:
    """Delete what is older than its period."""
    start = retention_workflow()
    await env.engine.control.run(start)
    return await _over(env, start.workflow_id)


async def seat_pull(env: Environment) -> list[WorkflowHistory]:
    """Count a customer by a file, and wake the plan that waited for it."""
    customer = await env.customer()
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(f"deployment_id,members\n{customer.deployment_id},12\n")
        file.flush()
        new = NewSeatSource(kind=SeatSourceKind.FILE, target=file.name, customer_id=customer.customer_id)
        await env.engine.seat_sources.set_source(env.org_id, new, await _change(env))
        ask = SeatPullInput(org_id=env.org_id, customer_id=customer.customer_id)
        await env.engine.control.run(seat_pull_workflow(ask))
    return await _over(env, seat_pull_workflow(ask).workflow_id)


async def plan_batch(env: Environment) -> list[WorkflowHistory]:
    """Look what a command would do to every plan of a tier, and give it to them."""
    await env.plan(await env.subscriber(), MANUAL)
    asked = PlanBatchCreate(command=Retry(), plans=BatchFilter(tier=MANUAL.tier))
    batches, change, key = env.engine.plan_batches, await _change(env), KeyNamespace.CLIENT.key(uuid4().hex)
    batch = await batches.create(env.org_id, asked, key, change, ALL_SCOPES)
    previewed = await _over(env, f"plan-batch/{batch.plan_batch_id}/previewing")
    await batches.confirm(batch, "for the tests", change, ALL_SCOPES)
    return previewed + await _over(env, f"plan-batch/{batch.plan_batch_id}/running")


async def finding_repair(env: Environment) -> list[WorkflowHistory]:
    """Repair one finding that somebody chose."""
    plan = await env.plan(await env.subscriber(), MANUAL)
    records, now = env.engine.repositories.reconciliation, await env.now()
    asked = ReconciliationInput(org_id=env.org_id, repair=False)
    run_id = await records.begin(asked, uuid4().hex, now)
    run = RunRef(org_id=env.org_id, run_id=run_id, started_at=now, repair=False, scope=asked.scope)
    kind, repair = FindingKind.WORKFLOW_DIFFERS, Repair.WAKE_PLAN
    await records.store_findings(run, [Finding(kind, Severity.WARNING, plan.plan_id, "It differs.", repair)])
    [finding] = (await records.report(env.org_id, run_id)).findings
    wanted = RepairInput(org_id=env.org_id, reconciliation_run_id=run_id, finding_id=finding.finding_id)
    await env.engine.control.run(repair_workflow(wanted))
    return await _over(env, f"repair/{finding.finding_id}")


async def cutover(env: Environment) -> list[WorkflowHistory]:
    """Begin a plan's cutover and take it back, begin it again, and bill the first period."""
    client = client_for(env.stripe_url, API_KEY, checked=False)
    subscription, stripe_clock = subscribed(client)
    clock = await env.engine.repositories.test_clocks.create(env.org_id, BEGIN + timedelta(hours=12))
    terms = {"period_start": BEGIN.isoformat(), "period_end": RENEWAL.isoformat(), "price_per_license": 700}
    payer = str(client.v1.subscriptions.retrieve(subscription).customer)
    bundle = with_plan(opening(stripe_customer_id=payer), external_id=subscription, **terms)
    given = {"customers": [bundle], "test_clock_id": clock.test_clock_id, "parallel_run": True}
    rows = await env.engine.imports.take(env.org_id, ImportCreate.model_validate(given), await _change(env))
    plan = await env.engine.repositories.plans.get(PlanRef(org_id=env.org_id, plan_id=str(rows[1].id)))
    await env.command(plan, BeginCutover(include_different=True))
    await env.command(plan, CancelCutover())
    await env.command(plan, BeginCutover(include_different=True))
    await asyncio.to_thread(advance_stripe, client, stripe_clock, int((RENEWAL + timedelta(days=1)).timestamp()))
    await env.advance(clock.test_clock_id, RENEWAL + timedelta(days=1))
    await until_billed(env, plan)
    return await runs_of(env.temporal, f"plan/{plan.plan_id}")


async def until_billed(env: Environment, plan: PlanState) -> None:
    """Wait until a plan's first period is billed and sent, and its next run waits for the second."""

    async def is_over() -> bool:
        return len(await runs_of(env.temporal, f"plan/{plan.plan_id}")) > 1

    await until(is_over)


async def _change(env: Environment) -> ChangeContext:
    return ChangeContext(actor="tests", at=await env.now())


async def _over(env: Environment, workflow_id: str) -> list[WorkflowHistory]:
    await env.temporal.get_workflow_handle(workflow_id).result()
    return await runs_of(env.temporal, workflow_id)

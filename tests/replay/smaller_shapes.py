"""What happens beside a plan: a customer taken in and renamed, events sent, money given back, books compared."""

from datetime import timedelta
from uuid import uuid4

from temporalio.client import WorkflowHistory

from billflow.domain.purchasing import StartPlan
from billflow.models.contracts.customer_parts import NewProject
from billflow.models.contracts.customers import CustomerChange, CustomerRef, CustomerUpdate
from billflow.models.contracts.delivery import NewEndpoint
from billflow.models.contracts.mail import NoticeAsk, Occasion
from billflow.models.contracts.onboarding import OnboardingWishes
from billflow.models.contracts.reconciliation import ReconciliationRun
from billflow.models.contracts.settling import RefundAsk, VoidAsk
from billflow.service.dispatching import Lanes
from billflow.temporal.ids import (
    delivery_workflow_id,
    mail_workflow_id,
    naming_workflow_id,
    onboarding_workflow_id,
    reconciliation_workflow_id,
)
from billflow.temporal.queues import BILLFLOW
from billflow.wiring import fleet_of, outward_of
from billflow.workflows.mailing import MailWorkflow
from tests.hooks.listener import listening
from tests.workflows.histories import runs_of
from tests.world import BY_INVOICE, MANUAL, World


async def onboarding(world: World) -> list[WorkflowHistory]:
    """Take a customer in, with a project and a trial."""
    customer = await world.customer(card=None)
    ref = CustomerRef(org_id=world.org_id, customer_id=customer.customer_id)
    plan = StartPlan(tier=MANUAL.tier, schedule=MANUAL.schedule, trial_days=14)
    wishes = OnboardingWishes(project=NewProject(name="First"), plan=plan)
    await world.engine.customers.onboard(ref, wishes, await _change(world))
    return await _over(world, onboarding_workflow_id(customer.customer_id))


async def naming(world: World) -> list[WorkflowHistory]:
    """Change a customer's name, and tell Stripe."""
    customer = await world.customer()
    ref = CustomerRef(org_id=world.org_id, customer_id=customer.customer_id)
    await world.engine.customer_books.update(ref, CustomerUpdate(name="Muster AG"), await _change(world))
    await Lanes(world.temporal).rename([ref])
    return await _over(world, naming_workflow_id(customer.customer_id))


async def delivery(world: World) -> list[WorkflowHistory]:
    """Send what happened to a customer, at the second attempt."""
    async with listening() as listener:
        listener.answer = lambda _: 500 if not listener.refused else 204
        endpoints, change = outward_of(world.engine).endpoints, await _change(world)
        endpoint = (await endpoints.create_endpoint(world.org_id, NewEndpoint(url=listener.url), change)).record
        customer = await world.customer(card=None)
        await listener.until(lambda here: here.types(customer.customer_id) == ["customer.created"])
        runs = await _over(world, delivery_workflow_id(endpoint.endpoint_id, customer.customer_id))
        await endpoints.delete_endpoint(world.org_id, endpoint.endpoint_id, change)
    return runs


async def mail(world: World) -> list[WorkflowHistory]:
    """Write to a customer that access is back."""
    customer = await world.subscriber()
    await world.plan(customer)
    [invoice] = await world.invoices(customer)
    ask = NoticeAsk(
        org_id=world.org_id, invoice_id=invoice.invoice_id, occasion=Occasion.REACTIVATED, at=await world.now()
    )
    handle = await world.temporal.start_workflow(
        MailWorkflow.run, ask, id=mail_workflow_id(ask.key), task_queue=BILLFLOW, static_summary="mail: reactivated"
    )
    await handle.result()
    return await _over(world, handle.id)


async def refund(world: World) -> list[WorkflowHistory]:
    """Give money back."""
    customer = await world.subscriber()
    await world.plan(customer, MANUAL)
    invoice = (await world.invoices(customer))[-1]
    asked = {"org_id": world.org_id, "invoice_id": invoice.invoice_id, "key": uuid4().hex, "actor": "tests"}
    made = await world.engine.invoices.refund(RefundAsk.model_validate(asked | {"at": await world.now()}))
    return await _over(world, f"refund/{made.refund_id}")


async def closing(world: World) -> list[WorkflowHistory]:
    """Void an invoice that was sent."""
    customer = await world.subscriber(card=None)
    await world.plan(customer, BY_INVOICE)
    invoice = (await world.invoices(customer))[-1]
    asked = {"org_id": world.org_id, "invoice_id": invoice.invoice_id, "key": uuid4().hex, "actor": "tests"}
    await world.engine.invoices.close(VoidAsk.model_validate(asked | {"at": await world.now()}))
    return await _over(world, f"closing/{invoice.invoice_id}/void")


async def reconciliation(world: World) -> list[WorkflowHistory]:
    """Compare everything, and mend what is safe."""
    await world.plan(await world.subscriber(), MANUAL)
    day = await world.now() + timedelta(days=1)
    await fleet_of(world.engine).reconcile(ReconciliationRun(org_id=world.org_id), day)
    return await _over(world, reconciliation_workflow_id(world.org_id, day))


async def _change(world: World) -> CustomerChange:
    return CustomerChange(actor="tests", at=await world.now())


async def _over(world: World, workflow_id: str) -> list[WorkflowHistory]:
    await world.temporal.get_workflow_handle(workflow_id).result()
    return await runs_of(world.temporal, workflow_id)

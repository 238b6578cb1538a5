"""Rows, Stripe and workflows come apart in every way there is, and reconciliation finds and repairs it."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from billflow.domain import plan_start
from billflow.domain.plan import PlanStatus
from billflow.domain.reconciliation import FindingKind, Severity
from billflow.models.contracts.adjustments import VoidInput
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import ReconciliationReport
from billflow.models.contracts.steps import PlanRef
from billflow.service.recovery import RecoveryProgress
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.search_attributes import subject
from billflow.temporal.workflow_starts import WorkflowStart
from billflow.temporal.workflow_tasks import WorkflowTasks
from tests.api_environment import until
from tests.reconciliation.conftest import BY_CARD, BY_INVOICE, ReconciliationEnvironment, eventually
from tests.sizes import further

Kinds = set[tuple[FindingKind, str]]


def kinds(report: ReconciliationReport) -> Kinds:
    """Return what was found about which subject."""
    return {(finding.kind, finding.subject_id) for finding in report.findings}


async def unsent_plan(env: ReconciliationEnvironment) -> PlanState:
    """Write a plan and its purchase into the rows, as a process does that dies before it reaches Temporal."""
    ask = env.ask(await env.subscriber(), BY_CARD)
    result = await env.engine.repositories.plans.start_plan(
        ask, lambda facts: plan_start.start_plan(facts, ask.start, ask.at)
    )
    return result.state


async def paid_elsewhere(env: ReconciliationEnvironment) -> tuple[PlanState, str]:
    """Let a customer pay an invoice at Stripe that no webhook tells of."""
    plan = await env.plan(BY_INVOICE)
    invoice = await env.invoice(plan)
    [held] = await env.held(invoice)
    await env.engine.stripe.v1.invoices.pay_async(held.id)
    return plan, invoice.invoice_id


async def voided_at_stripe(env: ReconciliationEnvironment) -> str:
    """Void an open invoice at Stripe only."""
    invoice = await env.invoice(await env.plan(BY_INVOICE))
    [held] = await env.held(invoice)
    await env.engine.stripe.v1.invoices.void_invoice_async(held.id)
    return invoice.invoice_id


async def voided_in_the_rows(env: ReconciliationEnvironment) -> str:
    """Void an open invoice in the rows only, whose collection has ended."""
    invoice = await env.invoice(await env.plan(BY_INVOICE))
    await env.terminate(collection_workflow_id(invoice.invoice_id))
    await env.meddle("UPDATE invoice SET status = 'void', voided_at = now() WHERE id = %s", invoice.invoice_id)
    return invoice.invoice_id


async def uncollected(env: ReconciliationEnvironment) -> str:
    """Lose the collection of an open invoice."""
    invoice = await env.invoice(await env.plan(BY_INVOICE))
    await env.terminate(collection_workflow_id(invoice.invoice_id))
    return invoice.invoice_id


async def twice_as_draft(env: ReconciliationEnvironment) -> str:
    """Leave a draft at Stripe beside the paid invoice."""
    invoice = await env.invoice(await env.plan())
    await env.twin(invoice, issued=False)
    return invoice.invoice_id


async def twice_issued(env: ReconciliationEnvironment) -> str:
    """Issue a debt a second time at Stripe."""
    invoice = await env.invoice(await env.plan())
    await env.twin(invoice, issued=True)
    return invoice.invoice_id


async def wrong_amount(env: ReconciliationEnvironment) -> str:
    """Let the rows say another amount than Stripe."""
    invoice = await env.invoice(await env.plan())
    await env.meddle("UPDATE invoice SET total = total + 1 WHERE id = %s", invoice.invoice_id)
    return invoice.invoice_id


async def orphan(env: ReconciliationEnvironment) -> str:
    """Leave an invoice at Stripe that no row knows."""
    invoice = await env.invoice(await env.plan())
    return await env.twin(invoice, issued=True, invoice_id=str(uuid4()))


async def unbilled(env: ReconciliationEnvironment) -> str:
    """Void a renewal, and issue nothing in its place."""
    invoice = await env.invoice(await env.plan(BY_INVOICE))
    await env.meddle("UPDATE invoice SET kind = 'recurring' WHERE id = %s", invoice.invoice_id)
    request = VoidInput(
        org_id=env.org_id,
        invoice_id=invoice.invoice_id,
        key=KeyNamespace.CLIENT.key(invoice.invoice_id),
        actor="tests",
        at=invoice.issued_at,
    )
    await env.engine.adjustments.void(request)
    return invoice.invoice_id


async def lost_plan(env: ReconciliationEnvironment) -> str:
    """Lose the workflow of a live plan."""
    plan = await env.plan()
    await env.terminate(plan_workflow_id(plan.plan_id))
    return plan.plan_id


async def outlived_plan(env: ReconciliationEnvironment) -> str:
    """End a plan in the rows only."""
    plan = await env.plan()
    await env.meddle(
        "UPDATE customer_plan SET status = 'ended', ended_at = now(), next_invoice_date = NULL WHERE id = %s",
        plan.plan_id,
    )
    return plan.plan_id


async def older_rows(env: ReconciliationEnvironment) -> str:
    """Let the rows of a plan be older than what its workflow knows."""
    plan = await env.plan()
    await env.meddle("UPDATE customer_plan SET version = version - 1 WHERE id = %s", plan.plan_id)
    return plan.plan_id


async def deleted_customer(env: ReconciliationEnvironment) -> str:
    """Delete a customer at Stripe."""
    stripe_customer_id = await customer_at_stripe(env)
    await env.engine.stripe.v1.customers.delete_async(stripe_customer_id)
    return stripe_customer_id


async def customer_of_another_account(env: ReconciliationEnvironment) -> str:
    """Let a row name a customer that Stripe has never known, as all of them are with the key of another account."""
    elsewhere, here = f"cus_{uuid4().hex}", await customer_at_stripe(env)
    await env.meddle(
        "UPDATE billing_account SET stripe_customer_id = %s WHERE stripe_customer_id = %s", elsewhere, here
    )
    return elsewhere


async def changed_balance(env: ReconciliationEnvironment) -> str:
    """Put a credit onto a customer's balance at Stripe only."""
    stripe_customer_id = await customer_at_stripe(env)
    transactions = env.engine.stripe.v1.customers.balance_transactions
    await transactions.create_async(stripe_customer_id, {"amount": -100, "currency": "usd"})
    return stripe_customer_id


async def customer_at_stripe(env: ReconciliationEnvironment) -> str:
    """Return Stripe's id of a customer who has paid."""
    [held] = await env.held(await env.invoice(await env.plan()))
    return str(held.customer)


async def workflow_of_no_version(env: ReconciliationEnvironment) -> str:
    """Start a workflow that the workers do not know, and wait until its task has failed."""
    name = f"unknown/{uuid4()}"
    await env.engine.control.start(WorkflowStart("UnknownWorkflow", None, name, "of no version", subject(env.org_id)))

    async def is_listed() -> bool:
        return name in [one.workflow_id for one in await WorkflowTasks(env.engine.client).failing(env.org_id)]

    await until(is_listed)
    return name


REPAIRABLE: dict[FindingKind, list[Callable[[ReconciliationEnvironment], Awaitable[str]]]] = {
    FindingKind.WRONG_STATE: [voided_at_stripe, voided_in_the_rows],
    FindingKind.UNCOLLECTED: [uncollected],
    FindingKind.DOUBLE: [twice_as_draft],
    FindingKind.PLAN_WITHOUT_WORKFLOW: [lost_plan],
    FindingKind.WORKFLOW_OF_ENDED_PLAN: [outlived_plan],
    FindingKind.CUSTOMER_MISSING: [deleted_customer],
    FindingKind.WORKFLOW_DIFFERS: [older_rows],
}
FOR_PEOPLE: dict[FindingKind, Callable[[ReconciliationEnvironment], Awaitable[str]]] = {
    FindingKind.DOUBLE: twice_issued,
    FindingKind.WRONG_AMOUNT: wrong_amount,
    FindingKind.ORPHAN: orphan,
    FindingKind.CUSTOMER_MISSING: customer_of_another_account,
    FindingKind.WRONG_BALANCE: changed_balance,
    FindingKind.NOT_BILLED: unbilled,
    FindingKind.TASK_FAILING: workflow_of_no_version,
}


async def test_every_kind_of_drift_is_found_and_what_is_safe_is_repaired(env: ReconciliationEnvironment) -> None:
    unsent = await unsent_plan(env)
    paid_plan, paid = await paid_elsewhere(env)
    planted: Kinds = {
        (FindingKind.MISSING, (await env.invoice(unsent)).invoice_id),
        (FindingKind.PLAN_WITHOUT_WORKFLOW, unsent.plan_id),
        (FindingKind.UNSEEN_PAYMENT, paid),
    }
    planted |= {(kind, await plant(env)) for kind, plants in REPAIRABLE.items() for plant in plants}
    for_people = {(kind, await plant(env)) for kind, plant in FOR_PEOPLE.items()}
    assert {kind for kind, _ in planted | for_people} == set(FindingKind)

    looked = await env.reconcile(repair=False)
    assert kinds(looked) == planted | for_people
    assert not any(finding.repaired_at for finding in looked.findings)
    assert looked.findings[0].severity is Severity.CRITICAL

    repaired = await env.reconcile(repair=True)
    assert {(one.kind, one.subject_id) for one in repaired.findings if one.repaired_at} == planted
    assert {(one.kind, one.subject_id) for one in repaired.findings if one.needs_a_person} == for_people

    ref = PlanRef(org_id=env.org_id, plan_id=unsent.plan_id)

    async def closed() -> bool:
        bought = await env.engine.repositories.plans.get(ref)
        return bought.status is PlanStatus.ACTIVE and kinds(await env.reconcile(repair=False)) == for_people

    await eventually(closed)
    assert (await env.invoice(paid_plan)).status is InvoiceStatus.PAID
    [held] = await env.held(await env.invoice(unsent))
    assert (held.status, held.total) == ("paid", (await env.invoice(unsent)).total)


async def reconciled(env: ReconciliationEnvironment) -> None:
    """Have reconciliation repair what it finds."""
    await env.reconcile(repair=True)


async def recovered(env: ReconciliationEnvironment) -> None:
    """Have recovery start what should run."""
    await env.engine.recovery.recover([env.org_id], RecoveryProgress())


@pytest.mark.full
@pytest.mark.parametrize("repair", [reconciled, *further(recovered)])
async def test_a_plan_whose_purchase_was_paid_while_it_had_no_workflow_starts(
    env: ReconciliationEnvironment, repair: Callable[[ReconciliationEnvironment], Awaitable[None]]
) -> None:
    unsent = await unsent_plan(env)
    collection = await env.engine.collection.start_of(await env.invoice(unsent))
    await env.engine.control.start(collection, "retry")
    assert await env.engine.client.get_workflow_handle(collection.workflow_id).result() == InvoiceStatus.PAID

    await repair(env)

    async def is_active() -> bool:
        return (await env.engine.repositories.plans.get(unsent.ref)).status is PlanStatus.ACTIVE

    await until(is_active)


@pytest.mark.full
async def test_records_that_agree_have_no_findings(env: ReconciliationEnvironment) -> None:
    await env.plan()
    await env.plan(BY_INVOICE)

    report = await env.reconcile(repair=True)

    assert (report.findings, report.invoices_compared, report.is_clean) == ((), 2, True)
    assert report.finished_at is not None

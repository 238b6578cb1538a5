"""How each workflow is started: type, input, id, task queue and summary; ids hold nothing personal."""

from dataclasses import dataclass, replace
from datetime import datetime

from temporalio.common import Priority, TypedSearchAttributes

from billflow.domain.currencies import format_amount
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.models.contracts.adjustments import CloseInvoiceInput, SendAdjustmentInput
from billflow.models.contracts.base import Contract
from billflow.models.contracts.catalog_changes import PriceChangeRef
from billflow.models.contracts.collection import CollectionInput
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.dry_run import DryRunRef
from billflow.models.contracts.endpoints import DeliveryStream
from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.mail import MailRef, NotificationInput
from billflow.models.contracts.onboarding import OnboardingInput
from billflow.models.contracts.plan_batches import BatchInput
from billflow.models.contracts.plans import PlanInput
from billflow.models.contracts.reconciliation import (
    NightlyReconciliationInput,
    ReconciliationInput,
    RepairInput,
    RunRef,
)
from billflow.models.contracts.seat_sources import SeatPullInput
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.priorities import NOBODY_WAITS, ORDINARY, PERSON_WAITS, priority
from billflow.temporal.queues import BILLFLOW, DELIVERY
from billflow.temporal.search_attributes import ORG, attributes_of, subject


@dataclass(frozen=True)
class WorkflowStart:
    """What starting a workflow takes; there is one running workflow for each `workflow_id`, however often started."""

    workflow: str
    argument: Contract | None
    workflow_id: str
    summary: str
    search_attributes: TypedSearchAttributes
    task_queue: str = BILLFLOW
    urgency: int = ORDINARY

    @property
    def priority(self) -> Priority:
        """Return who goes before it, and which organization it is for."""
        return priority(self.search_attributes.get(ORG), self.urgency)


def plan_workflow(argument: PlanInput) -> WorkflowStart:
    """Return how the workflow of a plan is started."""
    state = argument.state
    summary = f"{state.tier_name}, {state.schedule}"
    run = argument.model_copy(update={"shows_once": True})
    return WorkflowStart("PlanWorkflow", run, plan_workflow_id(state.plan_id), summary, attributes_of(state))


def collection_workflow(
    invoice: InvoiceSummary, customer_id: str, *, attempts: int = 0, clock_at: datetime | None = None
) -> WorkflowStart:
    """Return how the collection of an invoice is started, of which so many *attempts* were answered at least."""
    argument = CollectionInput(invoice=invoice, customer_id=customer_id, attempts=attempts, clock_at=clock_at)
    workflow_id, attributes = collection_workflow_id(invoice.invoice_id), _of_invoice(invoice, customer_id)
    return WorkflowStart("CollectionWorkflow", argument, workflow_id, title_of(invoice), attributes)


def adjustment_workflow(argument: SendAdjustmentInput, invoice: InvoiceSummary, customer_id: str) -> WorkflowStart:
    """Return how a refund or credit note of an invoice is brought to Stripe."""
    workflow_id = f"{argument.kind.replace('_', '-')}/{argument.adjustment_id}"
    summary, attributes = argument.kind.replace("_", " "), _of_invoice(invoice, customer_id)
    return WorkflowStart("AdjustmentWorkflow", argument, workflow_id, summary, attributes, urgency=PERSON_WAITS)


def close_invoice_workflow(argument: CloseInvoiceInput, invoice: InvoiceSummary, customer_id: str) -> WorkflowStart:
    """Return how an invoice is voided, written off or marked paid at Stripe."""
    workflow_id = f"close-invoice/{argument.invoice_id}/{argument.to}"
    summary, attributes = f"{argument.to} at Stripe", _of_invoice(invoice, customer_id)
    return WorkflowStart("CloseInvoiceWorkflow", argument, workflow_id, summary, attributes)


def mail_workflow(argument: NotificationInput, customer_id: str | None, plan_id: str) -> WorkflowStart:
    """Return how a mail is sent that nobody waits for, once for each invoice and occasion.

    Only a collection from before it knew its customer has no *customer_id*.
    """
    attributes = subject(argument.org_id, customer_id=customer_id, plan_id=plan_id, invoice_id=argument.invoice_id)
    return WorkflowStart("MailWorkflow", argument, f"mail/{argument.key}", f"mail: {argument.occasion}", attributes)


def stored_mail_workflow(argument: MailRef, customer_id: str) -> WorkflowStart:
    """Return how a mail is sent that is about a customer alone."""
    attributes = subject(argument.org_id, customer_id=customer_id)
    workflow_id = f"mail/{argument.mail_id}"
    return WorkflowStart("StoredMailWorkflow", argument, workflow_id, "mail", attributes, urgency=PERSON_WAITS)


def price_change_workflow(argument: PriceChangeRef) -> WorkflowStart:
    """Return how the mails about a price change are sent."""
    workflow_id, attributes = f"price-change/{argument.price_change_id}", subject(argument.org_id)
    return WorkflowStart("PriceChangeMailsWorkflow", argument, workflow_id, "price change", attributes)


def onboarding_workflow(argument: OnboardingInput) -> WorkflowStart:
    """Return how a customer is onboarded."""
    workflow_id, attributes = f"onboarding/{argument.customer_id}", _of_customer(argument)
    return WorkflowStart("OnboardingWorkflow", argument, workflow_id, "onboarding", attributes)


def customer_update_workflow(argument: CustomerRef) -> WorkflowStart:
    """Return how a customer's new name and e-mail are brought to Stripe."""
    workflow_id, attributes = f"customer-update/{argument.customer_id}", _of_customer(argument)
    return WorkflowStart("CustomerUpdateWorkflow", argument, workflow_id, "name and e-mail at Stripe", attributes)


def delivery_workflow(argument: DeliveryStream) -> WorkflowStart:
    """Return how the events of a stream are delivered."""
    workflow_id, attributes = f"delivery/{argument.endpoint_id}/{argument.customer_id or 'org'}", _of_customer(argument)
    return WorkflowStart("DeliveryWorkflow", argument, workflow_id, "events to an endpoint", attributes, DELIVERY)


def plan_batch_workflow(argument: BatchInput) -> WorkflowStart:
    """Return how a part of a batch of plans is done."""
    workflow_id, attributes = f"plan-batch/{argument.plan_batch_id}/{argument.phase}", subject(argument.org_id)
    summary = f"batch of plans: {argument.phase}"
    return WorkflowStart("PlanBatchWorkflow", argument, workflow_id, summary, attributes, urgency=NOBODY_WAITS)


def dry_run_workflow(argument: DryRunRef) -> WorkflowStart:
    """Return how a dry run is carried out."""
    workflow_id, attributes = f"dry-run/{argument.dry_run_id}", subject(argument.org_id)
    return WorkflowStart("DryRunWorkflow", argument, workflow_id, "dry run", attributes, urgency=NOBODY_WAITS)


def reconciliation_workflow(argument: ReconciliationInput, day: datetime) -> WorkflowStart:
    """Return how an organization is reconciled on a day."""
    workflow_id = f"reconciliation/{argument.org_id}/{day:%Y-%m-%d}"
    summary = "database, Stripe and workflows"
    attributes = subject(argument.org_id)
    return WorkflowStart("ReconciliationWorkflow", argument, workflow_id, summary, attributes, urgency=NOBODY_WAITS)


def asked_reconciliation_workflow(argument: ReconciliationInput, run: RunRef) -> WorkflowStart:
    """Return how a run is carried out that somebody asked for, which is recorded already."""
    asked = argument.model_copy(update={"run": run})
    return replace(
        reconciliation_workflow(asked, run.started_at), workflow_id=f"reconciliation/{run.org_id}/{run.run_id}"
    )


def repair_workflow(argument: RepairInput) -> WorkflowStart:
    """Return how one finding of a reconciliation is repaired."""
    workflow_id, attributes = f"repair/{argument.finding_id}", subject(argument.org_id)
    return WorkflowStart("FindingRepairWorkflow", argument, workflow_id, "repair", attributes, urgency=PERSON_WAITS)


def nightly_workflow(argument: NightlyReconciliationInput) -> WorkflowStart:
    """Return how all organizations are reconciled; the schedule adds the night to the id."""
    return WorkflowStart(
        "NightlyReconciliationWorkflow",
        argument,
        "nightly-reconciliation",
        "every organization",
        TypedSearchAttributes.empty,
        urgency=NOBODY_WAITS,
    )


def nightly_shard_workflow(night: NightlyReconciliationInput, shard: int, workflow_id: str) -> WorkflowStart:
    """Return how one shard of the organizations is reconciled in the night of *workflow_id*."""
    argument = night.model_copy(update={"shard": shard})
    return replace(
        nightly_workflow(argument), workflow_id=f"{workflow_id}/{shard:x}", summary=f"organizations {shard:x}..."
    )


def delivery_sweep_workflow() -> WorkflowStart:
    """Return how delivery streams are found whose workflow is missing: one workflow for all organizations."""
    summary, attributes = "delivery streams without a workflow", TypedSearchAttributes.empty
    return WorkflowStart("DeliverySweepWorkflow", None, "delivery-sweep", summary, attributes, DELIVERY, NOBODY_WAITS)


def retention_workflow() -> WorkflowStart:
    """Return how what is older than its period is deleted; the schedule adds the night to the id."""
    summary, attributes = "what is older than its period", TypedSearchAttributes.empty
    return WorkflowStart("RetentionWorkflow", None, "nightly-retention", summary, attributes, urgency=NOBODY_WAITS)


def seat_pull_workflow(argument: SeatPullInput) -> WorkflowStart:
    """Return how seats are counted: of those whose turn it is, or by hand."""
    kind = "pull" if argument.apply else "check"
    whose = argument.customer_id or ("everyone" if argument.everyone else "due")
    workflow_id = f"seats/{argument.org_id}/{kind}/{whose}"
    attributes = subject(argument.org_id, customer_id=argument.customer_id)
    return WorkflowStart("SeatPullWorkflow", argument, workflow_id, f"seats: {kind}", attributes)


def seat_sweep_workflow() -> WorkflowStart:
    """Return how the organizations are found whose seats are pulled: one workflow for all of them."""
    return WorkflowStart("SeatSweepWorkflow", None, "seat-pulls", "whose turn it is", TypedSearchAttributes.empty)


def notice_sweep_workflow() -> WorkflowStart:
    """Return how customers are told ahead: one workflow for all organizations."""
    summary, attributes = "trials, invoices and renewals to come", TypedSearchAttributes.empty
    return WorkflowStart("NoticeSweepWorkflow", None, "notices", summary, attributes)


def title_of(invoice: InvoiceSummary) -> str:
    """Return what an invoice is called in Temporal's Web UI."""
    kind = "purchase" if invoice.kind is not InvoiceKind.RECURRING else "invoice"
    return f"{kind} of {invoice.issued_at:%Y-%m-%d}, {format_amount(invoice.total, invoice.currency)}"


def _of_customer(argument: CustomerRef | DeliveryStream) -> TypedSearchAttributes:
    return subject(argument.org_id, customer_id=argument.customer_id)


def _of_invoice(invoice: InvoiceSummary, customer_id: str) -> TypedSearchAttributes:
    return subject(invoice.org_id, customer_id=customer_id, plan_id=invoice.plan_id, invoice_id=invoice.invoice_id)

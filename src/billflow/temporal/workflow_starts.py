"""How each workflow is started: type, input, id, task queue and summary; ids hold nothing personal."""

from dataclasses import dataclass
from datetime import datetime

from temporalio.common import TypedSearchAttributes

from billflow.domain.currencies import format_amount
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.models.contracts.adjustments import CloseInvoiceInput, SendAdjustmentInput
from billflow.models.contracts.base import Contract
from billflow.models.contracts.collection import CollectionInput
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.endpoints import DeliveryStream
from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.mail import NotificationInput
from billflow.models.contracts.onboarding import OnboardingInput
from billflow.models.contracts.plans import PlanInput
from billflow.models.contracts.reconciliation import ReconciliationInput
from billflow.models.contracts.retention import RetentionInput
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.queues import BILLFLOW, DELIVERY
from billflow.temporal.search_attributes import attributes_of


@dataclass(frozen=True)
class WorkflowStart:
    """What starting a workflow takes; there is one running workflow for each `workflow_id`, however often started."""

    workflow: str
    argument: Contract
    workflow_id: str
    summary: str
    task_queue: str = BILLFLOW
    search_attributes: TypedSearchAttributes = TypedSearchAttributes.empty


def plan_workflow(argument: PlanInput) -> WorkflowStart:
    """Return how the workflow of a plan is started."""
    state = argument.state
    summary = f"{state.tier_name}, {state.schedule}"
    workflow_id, attributes = plan_workflow_id(state.plan_id), attributes_of(state)
    return WorkflowStart("PlanWorkflow", argument, workflow_id, summary, search_attributes=attributes)


def collection_workflow(argument: CollectionInput) -> WorkflowStart:
    """Return how the collection of an invoice is started."""
    invoice = argument.invoice
    workflow_id = collection_workflow_id(invoice.invoice_id)
    return WorkflowStart("CollectionWorkflow", argument, workflow_id, title_of(invoice))


def adjustment_workflow(argument: SendAdjustmentInput) -> WorkflowStart:
    """Return how a refund or credit note is brought to Stripe."""
    workflow_id = f"{argument.kind.replace('_', '-')}/{argument.adjustment_id}"
    return WorkflowStart("AdjustmentWorkflow", argument, workflow_id, argument.kind.replace("_", " "))


def close_invoice_workflow(argument: CloseInvoiceInput) -> WorkflowStart:
    """Return how an invoice is voided, written off or marked paid at Stripe."""
    workflow_id = f"close-invoice/{argument.invoice_id}/{argument.to}"
    return WorkflowStart("CloseInvoiceWorkflow", argument, workflow_id, f"{argument.to} at Stripe")


def mail_workflow(argument: NotificationInput) -> WorkflowStart:
    """Return how a mail is sent that nobody waits for, once for each invoice and occasion."""
    return WorkflowStart("MailWorkflow", argument, f"mail/{argument.key}", f"mail: {argument.occasion}")


def onboarding_workflow(argument: OnboardingInput) -> WorkflowStart:
    """Return how a customer is onboarded."""
    return WorkflowStart("OnboardingWorkflow", argument, f"onboarding/{argument.customer_id}", "onboarding")


def customer_update_workflow(argument: CustomerRef) -> WorkflowStart:
    """Return how a customer's new name and e-mail are brought to Stripe."""
    workflow_id = f"customer-update/{argument.customer_id}"
    return WorkflowStart("CustomerUpdateWorkflow", argument, workflow_id, "name and e-mail at Stripe")


def delivery_workflow(argument: DeliveryStream) -> WorkflowStart:
    """Return how the events of a stream are delivered."""
    workflow_id = f"delivery/{argument.endpoint_id}/{argument.customer_id or 'org'}"
    return WorkflowStart("DeliveryWorkflow", argument, workflow_id, "events to an endpoint", DELIVERY)


def reconciliation_workflow(argument: ReconciliationInput, day: datetime | None = None) -> WorkflowStart:
    """Return how an organization is reconciled on a day; the nightly schedule adds the day by itself."""
    workflow_id = f"reconciliation/{argument.org_id}" + (f"/{day:%Y-%m-%d}" if day else "")
    return WorkflowStart("ReconciliationWorkflow", argument, workflow_id, "database, Stripe and workflows")


def retention_workflow(argument: RetentionInput) -> WorkflowStart:
    """Return how what is older than its period is deleted; the nightly schedule adds the day."""
    return WorkflowStart("RetentionWorkflow", argument, f"retention/{argument.org_id}", "what is older than its period")


def title_of(invoice: InvoiceSummary) -> str:
    """Return what an invoice is called in Temporal's Web UI."""
    kind = "purchase" if invoice.kind is not InvoiceKind.RECURRING else "invoice"
    return f"{kind} of {invoice.issued_at:%Y-%m-%d}, {format_amount(invoice.total, invoice.currency)}"

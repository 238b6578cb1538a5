"""What one can ask of billflow about single invoices and ways to pay."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from billflow.domain.errors import Refused
from billflow.models.contracts.adjustments import (
    AdjustmentMoment,
    Adjustments,
    CreditNoteInput,
    CreditNoteRecord,
    InvoiceClosure,
    RefundInput,
    RefundRecord,
    VoidInput,
)
from billflow.models.contracts.collection import CollectionRun
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import (
    BilledCustomer,
    CollectionOutcome,
    InvoiceStatus,
)
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.steps import PlanRef
from billflow.ports.adjustments import PaymentMethods
from billflow.ports.billing import Archive, Books
from billflow.service.billing import Billing
from billflow.temporal.ids import collection_workflow_id
from billflow.temporal.queues import BILLFLOW
from billflow.temporal.updates import once_ready
from billflow.workflows.collection import CollectionWorkflow
from billflow.workflows.settling import AdjustmentWorkflow, ClosingWorkflow

Record = TypeVar("Record", RefundRecord, CreditNoteRecord)


@dataclass(frozen=True)
class Invoices:
    """Invoices beyond their collection; raises `BillingError` with a stable code where a rule says no."""

    client: Client
    billing: Billing
    books: Books
    archive: Archive
    methods: PaymentMethods

    async def refund(self, ask: RefundInput) -> RefundRecord:
        """Give money back and wait for Stripe's answer; the same key gives it back once."""
        made = await self.books.create_refund(ask)
        moment = AdjustmentMoment(org_id=ask.org_id, kind="refund", adjustment_id=made.refund_id, at=ask.at)
        await self._settle(moment)
        record = await self.books.adjustment(moment)
        return record if isinstance(record, RefundRecord) else made

    async def credit_note(self, ask: CreditNoteInput) -> CreditNoteRecord:
        """Credit an invoice and wait for Stripe's answer; the same key credits it once."""
        made = await self.books.create_credit_note(ask)
        moment = AdjustmentMoment(org_id=ask.org_id, kind="credit_note", adjustment_id=made.credit_note_id, at=ask.at)
        await self._settle(moment)
        await self._pass_on(ask.org_id, ask.invoice_id, ask.at)
        record = await self.books.adjustment(moment)
        return record if isinstance(record, CreditNoteRecord) else made

    async def close(self, ask: VoidInput) -> InvoiceDetail:
        """Void an open invoice or give it up, in our records at once, at Stripe as soon as it answers."""
        await self.books.close(ask)
        adjustments = InvoiceClosure(org_id=ask.org_id, invoice_id=ask.invoice_id, to=ask.to, at=ask.at)
        await self.client.start_workflow(
            ClosingWorkflow.run,
            adjustments,
            id=f"closing/{ask.invoice_id}/{ask.to}",
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"{ask.to} at Stripe",
        )
        await self._pass_on(ask.org_id, ask.invoice_id, ask.at)
        return await self.archive.invoice(ask.org_id, ask.invoice_id)

    async def pay(self, org_id: str, invoice_id: str) -> CollectionOutcome:
        """Collect an open invoice now, by card or by sending it again, and answer what came of it."""
        invoice = await self.archive.invoice(org_id, invoice_id)
        if invoice.status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
            raise Refused(f"Only an open invoice is collected, this one is {invoice.status}.", code="invoice_not_open")
        run, update_id = await self.billing.collection_of(invoice), uuid4().hex
        return await once_ready(
            lambda: _collecting(run),
            lambda start: self.client.execute_update_with_start_workflow(
                CollectionWorkflow.pay, id=update_id, start_workflow_operation=start
            ),
        )

    async def now_of(self, org_id: str, invoice_id: str) -> datetime:
        """Return the moment at which something is asked about an invoice: its test clock's, or the present."""
        invoice = await self.archive.invoice(org_id, invoice_id)
        plan = await self.books.plan_state(PlanRef(org_id=org_id, plan_id=invoice.plan_id))
        return plan.clock_at or datetime.now(UTC)

    async def adjustments(self, org_id: str, invoice_id: str) -> Adjustments:
        """Return the credit notes and refunds of an invoice, and what is left of it."""
        return await self.books.adjustments(org_id, invoice_id)

    async def card_link(self, org_id: str, customer_id: str, return_url: str) -> str:
        """Return the address of a page where the customer enters a card."""
        return await self.methods.card_link(await self.payer(org_id, customer_id), return_url)

    async def portal_link(self, org_id: str, customer_id: str, return_url: str) -> str:
        """Return the address of a page where the customer sees its invoices and changes its card."""
        return await self.methods.portal_link(await self.payer(org_id, customer_id), return_url)

    async def payer(self, org_id: str, customer_id: str) -> BilledCustomer:
        """Return who pays for a customer, made known to Stripe where it is not yet."""
        payer = payer_of(await self.archive.customer(org_id, customer_id))
        if payer.stripe_customer_id is not None:
            return payer
        stripe_customer_id = await self.methods.ensure_customer(payer)
        await self.books.record_stripe_customer(payer, stripe_customer_id)
        return payer.model_copy(update={"stripe_customer_id": stripe_customer_id})

    async def _settle(self, moment: AdjustmentMoment) -> None:
        handle: WorkflowHandle[AdjustmentWorkflow, object] = await self.client.start_workflow(
            AdjustmentWorkflow.run,
            moment,
            id=f"{moment.kind.replace('_', '-')}/{moment.adjustment_id}",
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=moment.kind.replace("_", " "),
        )
        await handle.result()

    async def _pass_on(self, org_id: str, invoice_id: str, at: datetime) -> None:
        """Let collection and plan know of an invoice that is not open any more."""
        invoice = await self.archive.invoice(org_id, invoice_id)
        if invoice.status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
            plan = PlanRef(org_id=org_id, plan_id=invoice.plan_id)
            await self.billing.invoice_closed(plan, invoice_id, invoice.status, at)


def _collecting(run: CollectionRun) -> WithStartWorkflowOperation[CollectionWorkflow, InvoiceStatus]:
    return WithStartWorkflowOperation(
        CollectionWorkflow.run,
        run,
        id=collection_workflow_id(run.invoice.invoice_id),
        task_queue=BILLFLOW,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )


def payer_of(customer: CustomerRecord) -> BilledCustomer:
    """Return who pays for a customer, as Stripe is to know it."""
    account = customer.billing_account
    return BilledCustomer(
        org_id=customer.org_id,
        customer_id=customer.customer_id,
        billing_account_id=account.billing_account_id,
        name=customer.name,
        email=account.invoice_email or customer.email,
        currency=account.currency,
        stripe_customer_id=account.stripe_customer_id,
    )

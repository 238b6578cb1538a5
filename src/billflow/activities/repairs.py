"""Repairs of what a reconciliation found, where that is safe: each may happen twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from temporalio import activity

from billflow.domain.errors import BillingError
from billflow.domain.reconciliation import FindingKind, Repair
from billflow.errors import Unavailable
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, InvoiceStatusChanged, InvoiceSummary
from billflow.models.contracts.plans import PlanInput, PlanState
from billflow.models.contracts.reconciliation import FindingRecord, RunRef
from billflow.ports.invoices import InvoiceRepository
from billflow.ports.payments import LostObject, PaymentGateway, PaymentsRejected
from billflow.ports.reconciliation import ReconciliationRepository, StripeInvoiceReader
from billflow.temporal.ids import plan_workflow_id
from billflow.temporal.priorities import NOBODY_WAITS
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import collection_workflow, plan_workflow

MakeRepair = Callable[[RunRef, FindingRecord], Awaitable[None]]


@dataclass(frozen=True)
class Repairs:
    """The repairs of findings; what Stripe or a rule refuses is left to a person.

    `status_changed` passes on that an invoice is not open any more.
    """

    findings: ReconciliationRepository
    invoices: InvoiceRepository
    gateway: PaymentGateway
    stripe: StripeInvoiceReader
    control: WorkflowControl
    status_changed: Callable[[InvoiceStatusChanged], Awaitable[None]]

    async def page(self, run: RunRef, cursor: str | None) -> str | None:
        """Repair a page of findings and return where the next one begins, None at the end."""
        findings = await self.findings.repairable(run, cursor)
        for finding in findings:
            await self._try(run, finding)
            activity.heartbeat(finding.finding_id)
        return findings[-1].finding_id if findings else None

    async def one(self, run: RunRef, finding: FindingRecord) -> None:
        """Repair a finding that somebody chose, unless that is done."""
        if finding.repair is not None and finding.repaired_at is None:
            await self._try(run, finding)

    async def _try(self, run: RunRef, finding: FindingRecord) -> None:
        assert finding.repair is not None  # noqa: S101  (the page holds nothing else)
        make_repair = self._repairs()[finding.repair]
        try:
            await make_repair(run, finding)
        except Unavailable:
            raise
        except BillingError as error:
            await self.findings.mark_not_repaired(run, finding.finding_id, str(error))
        else:
            await self.findings.mark_repaired(run, finding.finding_id, datetime.now(UTC))

    def _repairs(self) -> dict[Repair, MakeRepair]:
        return {
            Repair.RECORD_STATE: self._record_state,
            Repair.COLLECT: self._collect,
            Repair.VOID: self._void,
            Repair.DELETE_DRAFTS: self._delete_drafts,
            Repair.START_PLAN: self._start_plan,
            Repair.WAKE_PLAN: self._wake_plan,
            Repair.REPLACE_CUSTOMER: self._replace_customer,
            Repair.REPLACE_INVOICE: self._replace_invoice,
        }

    async def _record_state(self, run: RunRef, finding: FindingRecord) -> None:
        ref = InvoiceRef(org_id=run.org_id, invoice_id=finding.subject_id)
        status = InvoiceStatus(finding.closed_as or "")
        if status in (InvoiceStatus.PAID, InvoiceStatus.UNCOLLECTIBLE):
            await self._record_issued(ref, finding.stripe_invoice_ids[0])
        change = await self.invoices.record_closed(ref, status, datetime.now(UTC))
        if change is not None:
            await self.status_changed(change)

    async def _record_issued(self, ref: InvoiceRef, stripe_invoice_id: str) -> None:
        """Record under which id Stripe holds the invoice, where a worker died before it could."""
        invoice = await self.invoices.invoice_to_collect(ref)
        if invoice.stripe_invoice_id is None:
            held = invoice.model_copy(update={"stripe_invoice_id": stripe_invoice_id})
            await self.invoices.record_issued(ref, await self.gateway.issue(held))

    async def _collect(self, run: RunRef, finding: FindingRecord) -> None:
        recorded = (await self.findings.invoices(run.org_id, [finding.subject_id]))[finding.subject_id]
        await self._collect_invoice(recorded.summary, at_once=finding.kind is not FindingKind.UNCOLLECTED)

    async def _collect_invoice(self, invoice: InvoiceSummary, *, at_once: bool = True) -> None:
        plan = (await self.findings.plans(invoice.org_id, [invoice.plan_id]))[invoice.plan_id]
        start = collection_workflow(invoice, plan.customer_id, clock_at=plan.clock_at)
        await self.control.start(replace(start, urgency=NOBODY_WAITS), "retry" if at_once else None)

    async def _replace_customer(self, run: RunRef, finding: FindingRecord) -> None:
        for invoice in await self.invoices.replace_customer(run.org_id, finding.subject_id, datetime.now(UTC)):
            await self._collect_invoice(invoice)

    async def _replace_invoice(self, run: RunRef, finding: FindingRecord) -> None:
        ref = InvoiceRef(org_id=run.org_id, invoice_id=finding.subject_id)
        if await self.gateway.lost_of(await self.invoices.invoice_to_collect(ref)) is not LostObject.INVOICE:
            message = "Stripe has the invoice, or not its customer either: the key may be that of another account."
            raise PaymentsRejected(message)
        await self.invoices.replace_invoice(ref, finding.stripe_invoice_ids[0], datetime.now(UTC))
        await self._collect(run, finding)

    async def _void(self, run: RunRef, finding: FindingRecord) -> None:
        ref = InvoiceRef(org_id=run.org_id, invoice_id=finding.subject_id)
        invoice = await self.invoices.invoice_to_collect(ref)
        held = invoice.model_copy(update={"stripe_invoice_id": finding.stripe_invoice_ids[0]})
        await self.gateway.void(held)

    async def _delete_drafts(self, run: RunRef, finding: FindingRecord) -> None:
        for stripe_invoice_id in finding.stripe_invoice_ids:
            await self.stripe.delete_draft(stripe_invoice_id)

    async def _start_plan(self, run: RunRef, finding: FindingRecord) -> None:
        plan = (await self.findings.plans(run.org_id, [finding.subject_id])).get(finding.subject_id)
        if plan is not None and plan.runs:
            await self.control.start(plan_workflow(PlanInput(state=plan)), "customer_changed")
            await self._signal_purchase(plan)

    async def _signal_purchase(self, plan: PlanState) -> None:
        """Tell a plan what became of its purchase while there was no workflow that could be told."""
        if (awaited := plan.awaiting_invoice_id) is None:
            return
        status = (await self.findings.invoices(plan.org_id, [awaited]))[awaited].summary.status
        if not status.is_open:
            at = plan.clock_at or datetime.now(UTC)
            await self.status_changed(InvoiceStatusChanged(plan=plan.ref, invoice_id=awaited, status=status, at=at))

    async def _wake_plan(self, run: RunRef, finding: FindingRecord) -> None:
        await self.control.signal(plan_workflow_id(finding.subject_id), "customer_changed")

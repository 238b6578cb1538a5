"""Repairing what a reconciliation found, where that is safe: each repair may happen twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from billflow.domain.errors import BillingError
from billflow.domain.reconciliation import FindingKind, Repair
from billflow.errors import Unavailable
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.contracts.reconciliation import FindingRecord, SliceInput
from billflow.ports.billing import Books, PaymentGateway, StripeEventRepository
from billflow.ports.reconciliation import ReconciliationRepository, StripeInvoiceReader, Workflows

Mend = Callable[[SliceInput, FindingRecord], Awaitable[None]]


@dataclass(frozen=True)
class Repairs:
    """The ways to repair a finding; what Stripe or the records refuse is left to a person."""

    findings: ReconciliationRepository
    books: Books
    inbox: StripeEventRepository
    gateway: PaymentGateway
    stripe: StripeInvoiceReader
    workflows: Workflows

    async def page(self, ask: SliceInput, cursor: str | None) -> str | None:
        """Repair a page of findings and return where the next one begins, None at the end."""
        findings = await self.findings.repairable(ask, cursor)
        for finding in findings:
            await self._try(ask, finding)
            activity.heartbeat(finding.finding_id)
        return findings[-1].finding_id if findings else None

    async def _try(self, ask: SliceInput, finding: FindingRecord) -> None:
        assert finding.repair is not None  # noqa: S101  (the page holds nothing else)
        repair = self._ways()[finding.repair]
        try:
            await repair(ask, finding)
        except Unavailable:
            raise
        except BillingError as error:
            await self.findings.not_repaired(ask, finding.finding_id, str(error))
        else:
            await self.findings.repaired(ask, finding.finding_id, datetime.now(UTC))

    def _ways(self) -> dict[Repair, Mend]:
        return {
            Repair.RECORD_STATE: self._record_state,
            Repair.COLLECT: self._collect,
            Repair.TAKE_BACK: self._take_back,
            Repair.DELETE_DRAFTS: self._delete_drafts,
            Repair.START_PLAN: self._start_plan,
            Repair.WAKE_PLAN: self._wake_plan,
        }

    async def _record_state(self, ask: SliceInput, finding: FindingRecord) -> None:
        ref = InvoiceRef(org_id=ask.org_id, invoice_id=finding.subject_id)
        status = InvoiceStatus(finding.closed_as or "")
        if status in (InvoiceStatus.PAID, InvoiceStatus.UNCOLLECTIBLE):
            await self._record_issued(ref, finding.stripe_invoice_ids[0])
        settled = await self.inbox.record_closed(ref, status, datetime.now(UTC))
        if settled is not None:
            await self.workflows.settled(settled.plan, finding.subject_id, settled.status, settled.at)

    async def _record_issued(self, ref: InvoiceRef, stripe_invoice_id: str) -> None:
        """Note under which number Stripe holds the settled invoice, where a worker died before it could."""
        invoice = await self.books.invoice_to_collect(ref)
        if invoice.stripe_invoice_id is None:
            held = invoice.model_copy(update={"stripe_invoice_id": stripe_invoice_id})
            await self.books.record_issued(ref, await self.gateway.issue(held))

    async def _collect(self, ask: SliceInput, finding: FindingRecord) -> None:
        booked = (await self.findings.booked(ask.org_id, [finding.subject_id]))[finding.subject_id]
        plan_id = booked.summary.plan_id
        plan = (await self.findings.plans(ask.org_id, [plan_id]))[plan_id]
        at_once = finding.kind is not FindingKind.UNCOLLECTED
        await self.workflows.collect(booked, plan.clock_at, at_once=at_once)

    async def _take_back(self, ask: SliceInput, finding: FindingRecord) -> None:
        ref = InvoiceRef(org_id=ask.org_id, invoice_id=finding.subject_id)
        invoice = await self.books.invoice_to_collect(ref)
        held = invoice.model_copy(update={"stripe_invoice_id": finding.stripe_invoice_ids[0]})
        await self.gateway.void(held)

    async def _delete_drafts(self, ask: SliceInput, finding: FindingRecord) -> None:
        for stripe_invoice_id in finding.stripe_invoice_ids:
            await self.stripe.delete_draft(stripe_invoice_id)

    async def _start_plan(self, ask: SliceInput, finding: FindingRecord) -> None:
        plan = (await self.findings.plans(ask.org_id, [finding.subject_id])).get(finding.subject_id)
        if plan is not None and plan.runs:
            await self.workflows.start_plan(plan)

    async def _wake_plan(self, ask: SliceInput, finding: FindingRecord) -> None:
        await self.workflows.wake_plan(finding.subject_id)

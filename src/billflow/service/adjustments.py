"""Adjustments of invoices: refunds, credit notes, voids and write-offs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from billflow.domain.errors import Refused
from billflow.models.contracts.adjustments import (
    AdjustmentInput,
    AdjustmentStatus,
    CloseInvoiceInput,
    CreditNoteInput,
    CreditNoteRecord,
    OutOfBandPaymentInput,
    RefundInput,
    RefundRecord,
    SendAdjustmentInput,
    VoidInput,
)
from billflow.models.contracts.invoices import InvoiceStatus, InvoiceStatusChanged
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.reissues import ReissueInput
from billflow.service.collection import CollectionService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import adjustment_workflow, close_invoice_workflow


@dataclass(frozen=True)
class AdjustmentService:
    """Adjustments as their callers see them; raises `BillingError` with a stable code where a rule says no."""

    control: WorkflowControl
    collection: CollectionService
    repositories: Repositories
    queries: Queries

    async def refund(self, request: RefundInput) -> RefundRecord:
        """Refund an invoice and wait for Stripe's answer, or record what was given outside Stripe; once per key.

        Raises `Refused` with Stripe's reason where it refuses.
        """
        made = await self.repositories.adjustments.create_refund(request)
        if request.out_of_band_reference is not None:
            return made
        record = await self._sent(request, "refund", made.refund_id)
        return record if isinstance(record, RefundRecord) else made

    async def credit(self, request: CreditNoteInput) -> CreditNoteRecord:
        """Make a credit note and wait for Stripe's answer; the same key makes it once.

        Raises `Refused` with Stripe's reason where it refuses.
        """
        made = await self.repositories.adjustments.create_credit_note(request)
        record = await self._sent(request, "credit_note", made.credit_note_id)
        await self._status_changed(request)
        return record if isinstance(record, CreditNoteRecord) else made

    async def void(self, request: VoidInput) -> InvoiceDetail:
        """Void an open invoice or write it off, in our database at once, at Stripe as soon as it answers."""
        await self.repositories.adjustments.close(request)
        closing = CloseInvoiceInput(org_id=request.org_id, invoice_id=request.invoice_id, to=request.to, at=request.at)
        invoice = await self._invoice(request)
        await self.control.start(close_invoice_workflow(closing, invoice, invoice.customer_id))
        await self._status_changed(request)
        return await self._invoice(request)

    async def reissue(self, request: ReissueInput) -> InvoiceDetail:
        """Issue an invoice again, in our database at once, at Stripe as soon as the old one is closed there.

        The same key does it once. Raises `Refused` with Stripe's reason where that refuses to credit what was paid.
        """
        made = await self.repositories.reissues.reissue(request)
        if made.credit_note_id is not None:
            await self._sent(request, "credit_note", made.credit_note_id)
        else:
            await self._status_changed(request)
        new = await self.queries.invoices.get(request.org_id, made.invoice_id)
        if new.status.is_open:
            await self.control.start(await self.collection.start_of(new))
        return new

    async def mark_paid(self, request: OutOfBandPaymentInput) -> InvoiceDetail:
        """Mark an invoice paid outside Stripe, in our database at once, at Stripe as soon as it answers."""
        await self.repositories.adjustments.mark_paid(request)
        paid = CloseInvoiceInput(
            org_id=request.org_id, invoice_id=request.invoice_id, to=InvoiceStatus.PAID, at=request.at
        )
        invoice = await self._invoice(request)
        await self.control.start(close_invoice_workflow(paid, invoice, invoice.customer_id))
        await self._status_changed(request)
        return await self._invoice(request)

    async def now_of(self, org_id: str, invoice_id: str) -> datetime:
        """Return the moment at which an invoice is adjusted: its test clock's, or the present."""
        invoice = await self.queries.invoices.get(org_id, invoice_id)
        return (await self.repositories.plans.get(invoice.plan)).clock_at or datetime.now(UTC)

    async def _sent(
        self, request: AdjustmentInput, kind: Literal["refund", "credit_note"], adjustment_id: str
    ) -> RefundRecord | CreditNoteRecord:
        """Wait until Stripe has answered, and return the adjustment as it stands then; raises `Refused` if it does."""
        adjustment = SendAdjustmentInput(org_id=request.org_id, kind=kind, adjustment_id=adjustment_id, at=request.at)
        invoice = await self._invoice(request)
        await self.control.run(adjustment_workflow(adjustment, invoice, invoice.customer_id))
        record = await self.repositories.adjustments.get(adjustment)
        if record.status is AdjustmentStatus.REJECTED:
            noun = kind.replace("_", " ")
            raise Refused(f"Stripe refuses the {noun}: {record.message}", code="adjustment_refused")
        return record

    async def _status_changed(self, request: AdjustmentInput) -> None:
        """Let collection and plan know of an invoice that is not open any more."""
        invoice = await self._invoice(request)
        if not invoice.status.is_open:
            change = InvoiceStatusChanged(
                plan=invoice.plan, invoice_id=invoice.invoice_id, status=invoice.status, at=request.at
            )
            await self.collection.invoice_status_changed(change)

    async def _invoice(self, request: AdjustmentInput) -> InvoiceDetail:
        return await self.queries.invoices.get(request.org_id, request.invoice_id)

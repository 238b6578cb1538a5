"""An invoice under its lock, with the changes of status that several callers make to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow
from billflow.store.adjustments.balance import use_balance_again
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.transactions import not_erased
from billflow.store.invoices.drafts import void
from billflow.store.offers.coupon_records import use_again
from billflow.store.session.rows import NO_KEY, as_id, existing
from billflow.store.session.tracked_rows import tracked_row


@dataclass(frozen=True)
class LockedInvoice:
    """An invoice with its plan and customer, locked until the transaction ends."""

    plan: CustomerPlan
    customer: CustomerRow
    invoice: InvoiceRow
    recorder: Recorder

    def as_of(self, moment: datetime) -> "LockedInvoice":
        """Return the same, whose changes are written down as of another moment."""
        return replace(self, recorder=replace(self.recorder, at=moment))

    async def mark_paid(self, amount_paid: int) -> None:
        """Mark the invoice paid, once; money that arrives for a void one takes back what voiding it had brought."""
        invoice = self.invoice
        if invoice.status is InvoiceStatus.PAID:
            return
        before = {"status": invoice.status}
        invoice.status, invoice.paid_at, invoice.amount_paid = InvoiceStatus.PAID, self.recorder.at, amount_paid
        invoice.next_attempt_at = invoice.next_action = None
        if before["status"] is InvoiceStatus.VOID:
            if not await self.reverse_reissue("it was paid meanwhile"):
                await self._use_months_again()
            use_balance_again(invoice, self.recorder)
        after = {"status": invoice.status, "amount_paid": amount_paid}
        if invoice.out_of_band_reference is not None:
            after["out_of_band_reference"] = invoice.out_of_band_reference
        self.recorder.audit("invoice.paid", ("invoice", invoice.id), before=before, after=after, detail=self._owner)
        self.recorder.publish_invoice("invoice.paid", invoice, after | {"late": before["status"] is InvoiceStatus.VOID})

    def mark_uncollectible(self, reason: str | None = None) -> None:
        """Mark the invoice uncollectible."""
        invoice = self.invoice
        invoice.status, invoice.written_off_at = InvoiceStatus.UNCOLLECTIBLE, self.recorder.at
        invoice.next_attempt_at = invoice.next_action = None
        data = {"total": invoice.total, "currency": invoice.currency, "reason": reason}
        self.record("invoice.marked_uncollectible", data)

    async def reverse_reissue(self, cause: str) -> bool:
        """Void the invoice in the place of this one, which stands after all; tell whether it was not at Stripe yet."""
        found = self.invoice.replaced_by_invoice_id
        new = await self.recorder.session.get(InvoiceRow, found, with_for_update=NO_KEY) if found else None
        if new is None or new.status is not InvoiceStatus.DRAFT or new.stripe_invoice_id is not None:
            return False
        self.invoice.replaced_by_invoice_id = new.replaces_invoice_id = None
        await void(new, self.customer, self.recorder, waived=True)
        await self._use_months_again()
        self.record("invoice.reissue_failed", {"replaced_by_invoice_id": str(new.id), "cause": cause})
        return True

    async def _use_months_again(self) -> None:
        """Use the discounted months that were returned too early."""
        left = self.customer.flat_discounted_months - self.invoice.flat_discount_months
        self.customer.flat_discounted_months = max(left, 0)
        await use_again(self.invoice, self.recorder)

    def waive(self, *, waived: bool) -> None:
        """Note that nothing is to be billed in place of the invoice, which is void."""
        if waived and self.invoice.status is InvoiceStatus.VOID and not self.invoice.waived:
            self.invoice.waived = True
            self.record("invoice.waived", {"total": self.invoice.total, "currency": self.invoice.currency})

    def check_text(self, text: str | None) -> None:
        """Raise `Refused` where a text is to be written about a customer that was erased."""
        if text is not None:
            not_erased(self.customer)

    @property
    def _owner(self) -> dict[str, str]:
        """Return whose key seals what is personal in history."""
        return {"customer_id": str(self.customer.id)}

    def record(self, event: str, data: Mapping[str, Any]) -> None:
        """Write an event about the invoice, and its entry of the audit log."""
        self.recorder.audit(event, ("invoice", self.invoice.id), detail={**data, **self._owner})
        self.recorder.publish_invoice(event, self.invoice, data)


# PostgreSQL locks the rows in the order in which they are named, and gives each as it stands once it is locked.
_LOCK = (
    select(CustomerPlan, CustomerRow, InvoiceRow)
    .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
    .join(InvoiceRow, InvoiceRow.plan_id == CustomerPlan.id)
    .where(InvoiceRow.id == bindparam("invoice_id"))
    .with_for_update(of=[CustomerPlan, CustomerRow, InvoiceRow], key_share=True)
)


async def lock_invoice(
    session: AsyncSession,
    ref: InvoiceRef,
    at: datetime | None = None,
    *,
    actor: str = "system",
    request_id: str | None = None,
) -> LockedInvoice:
    """Lock plan, customer and invoice in the order that steps do, for changes by *actor*; raises `NotFound`.

    Without *at* the invoice's own moment counts.
    """
    found = await tracked_row(session, _LOCK, {"invoice_id": as_id(ref.invoice_id, "invoice")})
    plan, customer, invoice = existing(found, "invoice", ref.invoice_id)
    recorder = Recorder(session, invoice.org_id, at or invoice.issued_at, actor, request_id)
    return LockedInvoice(plan, customer, invoice, recorder)

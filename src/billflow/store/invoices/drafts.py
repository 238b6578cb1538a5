"""Invoices as rows: writing a draft with its lines, and voiding what is still open."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind, Line
from billflow.models.contracts.invoices import UNPAID, InvoiceStatus
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow, InvoiceLineRow, InvoiceRow
from billflow.store.adjustments.balance import return_balance
from billflow.store.audit.recorder import Recorder
from billflow.store.offers.coupon_records import return_months
from billflow.store.session.rows import as_json


def invoice_row(draft: InvoiceDraft, plan: CustomerPlan, account: BillingAccountRow, step_key: str) -> InvoiceRow:
    """Return the row of an invoice that a step drafted."""
    due_at = draft.at + timedelta(days=draft.terms.days_until_due or 0)
    use = draft.coupon_use
    return InvoiceRow(
        id=uuid4(),
        org_id=plan.org_id,
        plan_id=plan.id,
        customer_id=plan.customer_id,
        billing_account_id=account.id,
        kind=draft.kind,
        status=InvoiceStatus.DRAFT,
        currency=draft.currency,
        total=draft.total,
        tax=draft.tax,
        tax_inclusive=draft.tax_inclusive,
        automatic_tax=draft.automatic_tax,
        tax_known=not draft.automatic_tax,
        issued_at=draft.at,
        **asdict(draft.terms),
        due_at=due_at,
        statement_descriptor=draft.statement_descriptor,
        flat_discount_months=draft.flat_discount_months,
        coupon_redemption_id=UUID(use.redemption_id) if use else None,
        coupon_months=use.months if use else 0,
        licenses=draft.licenses,
        step_key=step_key,
    )


def line_rows(draft: InvoiceDraft, invoice: InvoiceRow, entries: Mapping[int, UUID]) -> list[InvoiceLineRow]:
    """Return the rows of the draft's lines, in order; *entries* are the ids of ledger entries by sequence number."""
    return [
        line_row(line, invoice, n, None if line.adjusts is None else entries[line.adjusts])
        for n, line in enumerate(draft.lines, 1)
    ]


def line_row(line: Line, invoice: InvoiceRow, n: int, adjusts: UUID | None = None) -> InvoiceLineRow:
    """Return the row of the *n*-th line of an invoice, which may adjust what bills the ledger entry *adjusts*."""
    return InvoiceLineRow(
        id=uuid4(),
        org_id=invoice.org_id,
        invoice_id=invoice.id,
        n=n,
        adjusts_entry_id=adjusts,
        **line_values(line),
    )


def line_values(line: Line) -> dict[str, Any]:
    """Return what a row of a line holds of the line itself, whether it is issued or only computed."""
    return {
        "kind": line.kind,
        "description": line.description,
        "quantity": line.quantity,
        "unit_amount": line.unit_amount,
        "amount": line.amount,
        "period_start": line.derivation.period.start,
        "period_end": line.derivation.period.end,
        "derivation": as_json(line.derivation),
        "tax": line.tax,
        "applied_tax": as_json(line.applied) if line.applied else None,
    }


async def open_invoices(session: AsyncSession, *which: ColumnElement[bool]) -> Sequence[InvoiceRow]:
    """Load and lock the unpaid invoices that match, in one order for everyone."""
    query = select(InvoiceRow).where(InvoiceRow.status.in_(UNPAID), *which).order_by(InvoiceRow.id)
    return (await session.scalars(query.with_for_update(key_share=True))).all()


async def void(  # noqa: PLR0913  (each says something of its own about the invoice)
    invoice: InvoiceRow,
    customer: CustomerRow,
    recorder: Recorder,
    *,
    waived: bool = False,
    reason: str | None = None,
    keeps_coupon: bool = False,
) -> None:
    """Void an unpaid invoice in our records, and return what it had used; *waived* is not billed again (rules 28.1).

    That is flat-discount months (rules 14), months of a coupon (rules 34.3), and what the customer's balance paid of
    it. With *keeps_coupon* the coupon's months go over to another invoice.
    """
    before, after = {"status": invoice.status, "waived": False}, {"status": "void", "waived": waived}
    detail = {"reason": reason, "customer_id": str(customer.id)} if reason else None
    recorder.audit("invoice.voided", ("invoice", invoice.id), before=before, after=after, detail=detail)
    invoice.status, invoice.voided_at, invoice.waived = InvoiceStatus.VOID, recorder.at, waived
    invoice.next_attempt_at = invoice.next_action = invoice.attention = None
    customer.flat_discounted_months += invoice.flat_discount_months
    if not keeps_coupon:
        await return_months(invoice, recorder)
    return_balance(invoice, recorder)
    data = {"total": invoice.total, "currency": invoice.currency, "waived": waived}
    recorder.publish_invoice("invoice.voided", invoice, data)


async def prepaid_line(session: AsyncSession, plan_id: UUID, trial_id: UUID | None = None) -> UUID | None:
    """Return the first line of the plan's newest purchase, which billed its first licenses.

    A plan that starts after its trial, because that was paid late, was bought by the invoice of the trial.
    """
    query = (
        select(InvoiceLineRow.id)
        .join(InvoiceRow, InvoiceRow.id == InvoiceLineRow.invoice_id)
        .where(InvoiceRow.plan_id.in_((plan_id, trial_id)), InvoiceRow.status != InvoiceStatus.VOID)
        .where(InvoiceRow.kind.in_((InvoiceKind.PURCHASE, InvoiceKind.TRIAL_PURCHASE)))
        .where(InvoiceLineRow.n == 1)
        .order_by(InvoiceRow.created_at.desc())
        .limit(1)
    )
    return (await session.scalars(query)).one_or_none()

"""What we owe customers: credits that are still to be posted at Stripe, and what invoices used of them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.credits import CreditToPost
from billflow.models.tables import BillingAccountRow, CreditPosting, CreditRow, CustomerRow, InvoiceRow
from billflow.store.audit.recorder import Recorder
from billflow.store.session.rows import as_record

APPLIED, RETURNED = "applied_to_invoice", "invoice_voided"


async def credits_to_post(
    session: AsyncSession, customer: CustomerRow, account: BillingAccountRow
) -> list[CreditToPost]:
    """Return the customer's credits that Stripe does not know yet, the oldest first."""
    query = (
        select(CreditRow)
        .outerjoin(CreditPosting, CreditPosting.credit_id == CreditRow.id)
        .where(CreditRow.customer_id == customer.id, CreditRow.currency == account.currency)
        .where(CreditRow.invoice_id.is_(None), CreditPosting.credit_id.is_(None))
        .order_by(CreditRow.created_at, CreditRow.id)
    )
    return [as_record(CreditToPost, credit) for credit in await session.scalars(query)]


async def note_posting(session: AsyncSession, org_id: UUID, credit_id: UUID, transaction_id: str) -> None:
    """Remember under which id Stripe knows a credit; once known it stays."""
    row = {"org_id": org_id, "credit_id": credit_id, "stripe_balance_transaction_id": transaction_id}
    await session.execute(insert(CreditPosting).values(row).on_conflict_do_nothing())


def use_balance(invoice: InvoiceRow, applied: int, recorder: Recorder) -> None:
    """Note what the customer's balance paid of an invoice when Stripe finalized it."""
    invoice.balance_applied = applied
    _write(invoice, -applied, APPLIED, recorder)


def return_balance(invoice: InvoiceRow, recorder: Recorder) -> None:
    """Return what a voided invoice had used of the balance; Stripe does the same by itself."""
    _write(invoice, invoice.balance_applied, RETURNED, recorder)


def use_balance_again(invoice: InvoiceRow, recorder: Recorder) -> None:
    """Use what was returned too early: the invoice was paid before Stripe could void it."""
    _write(invoice, -invoice.balance_applied, f"{APPLIED}_after_all", recorder)


def _write(invoice: InvoiceRow, amount: int, reason: str, recorder: Recorder) -> None:
    if not amount:
        return
    recorder.session.add(
        CreditRow(
            org_id=invoice.org_id,
            customer_id=invoice.customer_id,
            plan_id=invoice.plan_id,
            invoice_id=invoice.id,
            amount=amount,
            currency=invoice.currency,
            reason=reason,
            step_key=f"invoice/{invoice.id}/{reason}",
            at=recorder.at,
        )
    )

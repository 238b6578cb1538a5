"""What came of a credit note or refund at Stripe, and what follows from it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.document_numbers import AdjustmentNoun, document_number
from billflow.models.contracts.adjustments import AdjustmentResult, AdjustmentStatus
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import AdjustmentResultRow, CreditNoteRow, CreditRow, RefundRow
from billflow.store.adjustments.numbers import next_document_n
from billflow.store.adjustments.records import load_money, standing_of
from billflow.store.invoices.locks import LockedInvoice


async def write_result(
    session: AsyncSession, locked: LockedInvoice, row: CreditNoteRow | RefundRow, result: AdjustmentResult
) -> None:
    """Write a result, for a credit note also that of its refund, and what follows from success."""
    n = await _store_result(session, locked, row, result)
    noun: AdjustmentNoun = "refund" if isinstance(row, RefundRow) else "credit_note"
    data = {f"{noun}_id": str(row.id), "amount": row.amount, "currency": row.currency, "message": result.message}
    if n is not None:
        data["number"] = document_number(noun, n)
    locked.record(f"invoice.{noun}_{result.status}", data)
    if isinstance(row, CreditNoteRow):
        refund = await session.scalar(select(RefundRow).where(RefundRow.credit_note_id == row.id))
        if refund is not None:
            await _store_result(session, locked, refund, result)
        if not result.status.counts:
            await locked.reverse_reissue(f"its credit note was {result.status}")
        if result.status is AdjustmentStatus.SUCCEEDED:
            await _take_effect(session, locked, row)


async def _store_result(
    session: AsyncSession, locked: LockedInvoice, row: CreditNoteRow | RefundRow, result: AdjustmentResult
) -> int | None:
    """Write a result down, and return which document of its kind it has made of the row, None for none."""
    n = await next_document_n(session, row) if result.status is AdjustmentStatus.SUCCEEDED else None
    session.add(
        AdjustmentResultRow(
            org_id=row.org_id,
            credit_note_id=row.id if isinstance(row, CreditNoteRow) else None,
            refund_id=row.id if isinstance(row, RefundRow) else None,
            status=result.status,
            stripe_id=result.stripe_id,
            message=result.message,
            at=locked.recorder.at,
            document_n=n,
        )
    )
    return n


async def _take_effect(session: AsyncSession, locked: LockedInvoice, note: CreditNoteRow) -> None:
    """Grant what went to the customer's balance, and close an invoice of which nothing is left to pay."""
    invoice = locked.invoice
    if note.balance_amount:
        # Stripe put it onto the balance by itself: the row names the invoice, so that it is not posted again.
        credit = CreditRow(
            org_id=note.org_id,
            customer_id=invoice.customer_id,
            plan_id=None,
            invoice_id=invoice.id,
            amount=note.balance_amount,
            currency=note.currency,
            reason="credit_note",
            step_key=f"credit-note/{note.id}",
            at=note.at,
        )
        session.add(credit)
    await session.flush()
    standing = standing_of(await load_money(session, invoice))
    if invoice.status is InvoiceStatus.OPEN and note.before_payment and not standing.remaining:
        await locked.mark_paid(standing.amount_paid)

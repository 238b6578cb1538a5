"""Refunds and credit notes as rows, before Stripe has answered."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.adjustments import CreditNote, CreditReason, RefundReason
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.tables import CreditNoteLineRow, CreditNoteRow, RefundRow
from billflow.store.invoices.locks import LockedInvoice
from billflow.store.session.rows import as_id


def new_refund(  # noqa: PLR0913  (each is a column)
    locked: LockedInvoice,
    key: NamespacedKey,
    amount: int,
    *,
    note_id: UUID | None = None,
    taxes: Mapping[str, int] | None = None,
    reason: RefundReason | None = None,
    reference: str | None = None,
) -> RefundRow:
    """Return the row of a refund, on behalf of whoever locked the invoice."""
    return RefundRow(
        id=uuid4(),
        org_id=locked.invoice.org_id,
        invoice_id=locked.invoice.id,
        credit_note_id=note_id,
        currency=locked.invoice.currency,
        amount=amount,
        taxes=dict(taxes or {}),
        reason=reason,
        out_of_band_reference=reference,
        key=key,
        actor=locked.recorder.actor,
        at=locked.recorder.at,
    )


def new_note(
    locked: LockedInvoice, key: NamespacedKey, decided: CreditNote, why: tuple[CreditReason, str | None], *, n: int
) -> CreditNoteRow:
    """Return the row of the *n*-th credit note of an invoice, on behalf of whoever locked the invoice.

    *why* is the reason and the memo.
    """
    return CreditNoteRow(
        id=uuid4(),
        org_id=locked.invoice.org_id,
        invoice_id=locked.invoice.id,
        n=n,
        currency=locked.invoice.currency,
        amount=decided.amount,
        before_payment=decided.before_payment,
        refund_amount=decided.refund,
        balance_amount=decided.balance,
        taxes=dict(decided.taxes),
        reason=why[0],
        memo=why[1],
        key=key,
        actor=locked.recorder.actor,
        at=locked.recorder.at,
    )


async def request_note(
    session: AsyncSession, locked: LockedInvoice, note: CreditNoteRow, lines: Mapping[str, int]
) -> CreditNoteRow:
    """Write a credit note that Stripe is still to make, say so, and return it."""
    await write_note(session, locked, note, lines)
    data = {"credit_note_id": str(note.id), "amount": note.amount, "currency": note.currency, "reason": note.reason}
    locked.record("invoice.credit_note_requested", data)
    return note


async def write_note(
    session: AsyncSession, locked: LockedInvoice, note: CreditNoteRow, lines: Mapping[str, int]
) -> None:
    """Write a credit note with the amounts of its *lines*, and the refund that is part of it."""
    session.add(note)
    await session.flush()
    for line_id, amount in lines.items():
        line = as_id(line_id, "line")
        row = CreditNoteLineRow(org_id=note.org_id, credit_note_id=note.id, invoice_line_id=line, amount=amount)
        session.add(row)
    if note.refund_amount:
        session.add(new_refund(locked, KeyNamespace.CREDIT_NOTE.key(str(note.id)), note.refund_amount, note_id=note.id))
    await session.flush()

"""Which credit note or refund of its organization one is: the number is taken with the success that makes it one."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import AdjustmentResultRow, CreditNoteRow, RefundRow
from billflow.store.session.database import advisory_lock


async def next_document_n(session: AsyncSession, row: CreditNoteRow | RefundRow) -> int | None:
    """Take the next number of the organization's credit notes or refunds, None where the row has one.

    Whoever takes one waits for who took the one before, so that there are no gaps.
    """
    kind = AdjustmentResultRow.credit_note_id if isinstance(row, CreditNoteRow) else AdjustmentResultRow.refund_id
    newest = select(func.max(AdjustmentResultRow.document_n)).where(kind.is_not(None))
    if await session.scalar(newest.where(kind == row.id)) is not None:
        return None
    await advisory_lock(session, f"{row.org_id} numbers of adjustments")
    return 1 + (await session.scalar(newest) or 0)

"""Retention: rows that are older than their period are deleted, of all organizations."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_

from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import IdempotencyKey, InvoiceRow, MailRow, Org, WebhookEvent
from billflow.store.session.database import Repository
from billflow.store.session.monitoring import org_ids

_AT_ONCE = 500
_OPEN = tuple(status for status in InvoiceStatus if status.is_open)

Expired = tuple[str, Any, ColumnElement[bool]]


class Retention(Repository):
    """What is deleted by its age, some hundred rows per transaction; run again it goes on where it was stopped."""

    async def prune(self, stripe_events: timedelta, mails: timedelta) -> dict[str, int]:
        """Delete handled events of Stripe and mails about closed invoices older than that, and expired answers.

        Return how many rows of each were deleted. Ages are in real time.
        """
        deleted: dict[str, int] = {}
        for org_id in await org_ids(self.database, select(Org.id).order_by(Org.id)):
            for name, table, expired in _expired(stripe_events, mails):
                deleted[name] = deleted.get(name, 0) + await self._delete(org_id, table, expired)
        return deleted

    async def _delete(self, org_id: str, table: Any, expired: ColumnElement[bool]) -> int:
        keys, deleted = table.__table__.primary_key.columns, 0
        some = select(*keys).where(expired).limit(_AT_ONCE).with_for_update(skip_locked=True)
        while True:
            async with self.database.unit_of_work(org_id) as session:
                found = [tuple(row) for row in await session.execute(some)]
                if not found:
                    return deleted
                await session.execute(delete(table).where(tuple_(*keys).in_(found)))
            deleted += len(found)


def _expired(stripe_events: timedelta, mails: timedelta) -> Iterator[Expired]:
    closed = select(InvoiceRow.id).where(InvoiceRow.id == MailRow.invoice_id, InvoiceRow.status.not_in(_OPEN))
    yield "answers", IdempotencyKey, IdempotencyKey.expires_at < func.now()
    yield (
        "stripe_events",
        WebhookEvent,
        and_(WebhookEvent.handled_at.is_not(None), WebhookEvent.received_at < func.now() - stripe_events),
    )
    yield (
        "mails",
        MailRow,
        and_(or_(closed.exists(), MailRow.invoice_id.is_(None)), MailRow.created_at < func.now() - mails),
    )

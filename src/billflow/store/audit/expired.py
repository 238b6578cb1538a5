"""Which rows have outlived their period."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select
from sqlalchemy.orm import aliased

from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plan_batches import BatchStatus
from billflow.models.contracts.retention import RetentionPeriods
from billflow.models.tables import (
    ComputedInvoiceRow,
    DryRunRow,
    IdempotencyKey,
    InvoiceRow,
    MailRow,
    PlanBatchItemRow,
    PlanBatchRow,
    PlanNotice,
    ReconciliationFinding,
    ReconciliationRunRow,
    ReconciliationStripeCustomer,
    ReconciliationStripeInvoice,
    SeatMemberRow,
    WebhookEvent,
)

_OPEN = tuple(status for status in InvoiceStatus if status.is_open)
_OVER = (BatchStatus.PREVIEWED, BatchStatus.FINISHED, BatchStatus.CANCELED)

Expired = tuple[str, Any, ColumnElement[bool]]


def expired_rows(periods: RetentionPeriods) -> Iterator[Expired]:
    """Yield the name of each kind, its table, and which of its rows are deleted, in this order."""
    closed = select(InvoiceRow.id).where(InvoiceRow.id == MailRow.invoice_id, InvoiceRow.status.not_in(_OPEN))
    yield "answers", IdempotencyKey, IdempotencyKey.expires_at < func.now()
    yield "dry_runs", DryRunRow, DryRunRow.kept_until < func.now()
    yield (
        "stripe_events",
        WebhookEvent,
        and_(WebhookEvent.handled_at.is_not(None), WebhookEvent.received_at < func.now() - periods.stripe_events),
    )
    settled = or_(closed.exists(), MailRow.invoice_id.is_(None))
    yield "mails", MailRow, and_(settled, MailRow.created_at < func.now() - periods.mails)
    computed = ComputedInvoiceRow.created_at < func.now() - periods.computed_invoices
    yield "computed_invoices", ComputedInvoiceRow, computed
    told = func.now() - periods.mails
    yield "notices", PlanNotice, and_(PlanNotice.created_at < told, PlanNotice.due_at < told)
    yield "seat_members", SeatMemberRow, SeatMemberRow.until < func.now() - periods.seats
    yield from _in_parts(periods)


def _in_parts(periods: RetentionPeriods) -> Iterator[Expired]:
    """Yield what has many rows of other tables, after these."""
    over = and_(PlanBatchRow.status.in_(_OVER), PlanBatchRow.updated_at < func.now() - periods.plan_batches)
    batches = select(PlanBatchRow.id).where(over)
    yield "plan_batch_items", PlanBatchItemRow, PlanBatchItemRow.plan_batch_id.in_(batches)
    yield "plan_batches", PlanBatchRow, over
    run = ReconciliationRunRow
    old = and_(run.started_at < func.now() - periods.reconciliations, run.id != _newest_run())
    for name, table in (
        ("findings", ReconciliationFinding),
        ("compared_invoices", ReconciliationStripeInvoice),
        ("compared_customers", ReconciliationStripeCustomer),
    ):
        yield name, table, table.run_id.in_(select(run.id).where(old))
    yield "reconciliations", run, old


def _newest_run() -> ScalarSelect[UUID]:
    run = aliased(ReconciliationRunRow)
    return select(run.id).order_by(run.started_at.desc(), run.id.desc()).limit(1).scalar_subquery()

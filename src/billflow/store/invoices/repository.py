"""What collection brings into the rows of an invoice; a paid invoice stays paid."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, bindparam, update
from sqlalchemy.dialects.postgresql import insert

from billflow.domain.dunning import DunningAction
from billflow.domain.errors import NotFound
from billflow.domain.plan import InvoicingStatus
from billflow.models.contracts.invoices import (
    UNPAID,
    BilledCustomer,
    Closed,
    CollectionOutcome,
    Declined,
    InvoiceRef,
    InvoiceStatus,
    InvoiceStatusChanged,
    InvoiceSummary,
    InvoiceToCollect,
    Issued,
    Open,
    Paid,
    Rejected,
    RequiresAction,
)
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import BillingAccountRow, InvoiceRow, PaymentAttempt
from billflow.models.tables.base import Json
from billflow.ports.invoices import InvoiceRepository
from billflow.store.adjustments.balance import note_posting, return_balance, use_balance
from billflow.store.audit.recorder import STRIPE
from billflow.store.invoices.collection import invoice_to_send
from billflow.store.invoices.drafts import void
from billflow.store.invoices.locks import LockedInvoice, lock_invoice
from billflow.store.invoices.replacements import (
    IS_REPLACED,
    account_of,
    is_replaced,
    replace_customer,
    replace_invoice,
    to_issue_anew,
    was_replaced,
)
from billflow.store.invoices.stripe_tax import keep_tax
from billflow.store.plans.test_clocks import clock_of_invoice
from billflow.store.session.database import Repository
from billflow.store.session.new_rows import write_new_rows
from billflow.store.session.rows import as_id, existing
from billflow.store.session.sent_directly import fetch

EVENTS: dict[type[Declined | RequiresAction | Rejected], str] = {
    Declined: "invoice.payment_failed",
    RequiresAction: "invoice.payment_action_required",
    Rejected: "invoice.payment_rejected",
}
"""The events about an attempt that brought no money."""

_CLOSES = {InvoiceStatus.VOID: (*UNPAID, InvoiceStatus.UNCOLLECTIBLE), InvoiceStatus.UNCOLLECTIBLE: UNPAID}
"""Which statuses of ours Stripe's may end."""

_STATUS = "SELECT status FROM invoice WHERE id = '{}'"

_ATTEMPT = (
    insert(PaymentAttempt)
    .values(
        id=bindparam("of_id"),
        org_id=bindparam("of_org"),
        invoice_id=bindparam("of_invoice"),
        n=bindparam("tried"),
        outcome=bindparam("came"),
        at=bindparam("then"),
    )
    .on_conflict_do_nothing()
    .cte("attempt")
)
_TRIED = IS_REPLACED.add_cte(_ATTEMPT)
"""Writes an attempt, once, and tells whether a Stripe customer was given up."""


class PostgresInvoiceRepository(Repository, InvoiceRepository):
    """Invoices in PostgreSQL, on their way to being paid."""

    async def invoice_to_collect(self, ref: InvoiceRef) -> InvoiceToCollect:
        async with self.database.unit_of_work(ref.org_id, by_keys=True) as session:
            return await invoice_to_send(session, ref)

    async def record_stripe_customer(self, customer: BilledCustomer, stripe_customer_id: str) -> None:
        async with self.database.unit_of_work(customer.org_id) as session:
            await session.execute(
                update(BillingAccountRow)
                .where(BillingAccountRow.customer_id == as_id(customer.customer_id, "customer"))
                .where(_account_of(customer), BillingAccountRow.stripe_customer_id.is_(None))
                .where(~was_replaced(stripe_customer_id))
                .values(stripe_customer_id=stripe_customer_id)
            )

    async def record_credit_posted(
        self, customer: BilledCustomer, credit_id: str, stripe_balance_transaction_id: str
    ) -> None:
        async with self.database.unit_of_work(customer.org_id) as session:
            account = await account_of(session, customer.stripe_customer_id or "")
            if account is not None:
                await note_posting(session, account, as_id(credit_id, "credit"), stripe_balance_transaction_id)

    async def status(self, ref: InvoiceRef) -> InvoiceStatus:
        org_id, invoice_id = as_id(ref.org_id, "organization"), as_id(ref.invoice_id, "invoice")
        found = await self.database.look(_STATUS.format(invoice_id), org_id=str(org_id))
        return InvoiceStatus(existing(next(iter(found), None), "invoice", ref.invoice_id))

    async def record_issued(self, ref: InvoiceRef, issued: Issued) -> InvoiceStatus:
        async with self.database.unit_of_work(ref.org_id, by_keys=True) as session:
            locked = await lock_invoice(session, ref)
            await _take_in(locked, issued, is_replaced=await is_replaced(session, issued))
            return locked.invoice.status

    async def record_outcome(
        self, ref: InvoiceRef, outcome: CollectionOutcome, at: datetime, issued: Issued | None = None
    ) -> None:
        async with self.database.unit_of_work(ref.org_id, by_keys=True) as session:
            locked = await lock_invoice(session, ref, at)
            invoice, answer = locked.invoice, outcome.model_dump(mode="json", exclude={"due_anew_at", "total"})
            tried = {
                "of_org": invoice.org_id,
                "of_invoice": invoice.id,
                "tried": ref.attempt,
                "came": answer,
                "then": at,
            }
            held_by = {"stripe_customer": issued.stripe_customer_id if issued else None}
            ((belongs_to_replaced,),) = await fetch(session, _TRIED, {"of_id": uuid4(), **tried, **held_by})
            if issued is not None:
                await _take_in(locked.as_of(invoice.issued_at), issued, is_replaced=belongs_to_replaced)
            if invoice.status is not InvoiceStatus.PAID:
                await _take_outcome(locked, outcome, answer, ref.attempt)
            await write_new_rows(session)

    async def record_collection_plan(
        self, ref: InvoiceRef, next_attempt_at: datetime | None, next_action: DunningAction | None = None
    ) -> InvoiceStatus:
        async with self.database.unit_of_work(ref.org_id, by_keys=True) as session:
            invoice = await session.get_one(InvoiceRow, as_id(ref.invoice_id, "invoice"), with_for_update=True)
            if invoice.status in UNPAID:
                invoice.next_attempt_at, invoice.next_action = next_attempt_at, next_action
            return invoice.status

    async def record_closed(
        self, ref: InvoiceRef, status: InvoiceStatus, at: datetime, amount_paid: int | None = None
    ) -> InvoiceStatusChanged | None:
        async with self.database.unit_of_work(ref.org_id) as session:
            try:
                moment = await clock_of_invoice(session, as_id(ref.invoice_id, "invoice")) or at
                locked = await lock_invoice(session, ref, moment)
            except NotFound:
                return None
            await _close(locked, status, amount_paid)
            plan = PlanRef(org_id=ref.org_id, plan_id=str(locked.plan.id))
            status = locked.invoice.status
            return InvoiceStatusChanged(plan=plan, invoice_id=ref.invoice_id, status=status, at=moment)

    async def replace_customer(self, org_id: str, stripe_customer_id: str, at: datetime) -> tuple[InvoiceSummary, ...]:
        async with self.database.unit_of_work(org_id) as session:
            account = await account_of(session, stripe_customer_id)
            return await (
                replace_customer(session, account, at) if account else to_issue_anew(session, stripe_customer_id)
            )

    async def replace_invoice(self, ref: InvoiceRef, stripe_invoice_id: str, at: datetime) -> None:
        async with self.database.unit_of_work(ref.org_id) as session:
            moment = await clock_of_invoice(session, as_id(ref.invoice_id, "invoice")) or at
            locked = await lock_invoice(session, ref, moment, actor=STRIPE)
            if locked.invoice.status in UNPAID and locked.invoice.stripe_invoice_id == stripe_invoice_id:
                await replace_invoice(session, locked.invoice, locked.recorder)


async def _take_in(locked: LockedInvoice, issued: Issued, *, is_replaced: bool) -> None:
    """Write what Stripe has of an invoice, unless that belongs to a customer that *is_replaced* and is unpaid."""
    invoice = locked.invoice
    if issued.status is not InvoiceStatus.PAID and is_replaced:
        return
    _name(invoice, issued)
    if locked.plan.invoicing_status is InvoicingStatus.SENDING:
        locked.plan.invoicing_status = InvoicingStatus.DONE
    is_known, invoice.stripe_invoice_id = invoice.stripe_invoice_id is not None, issued.stripe_invoice_id
    if not is_known:
        invoice.attention = None
        data = {"stripe_invoice_id": issued.stripe_invoice_id, "number": invoice.number}
        locked.record("invoice.finalized", data)
        use_balance(invoice, issued.balance_applied, locked.recorder)
        if invoice.status is InvoiceStatus.VOID:
            return_balance(invoice, locked.recorder)
    await keep_tax(locked.recorder, invoice, issued.taxes)
    invoice.amount_due = issued.amount_due
    if issued.status is InvoiceStatus.PAID:
        await locked.mark_paid(issued.amount_paid)
    elif invoice.status is InvoiceStatus.DRAFT:
        invoice.status = issued.status


async def _take_outcome(locked: LockedInvoice, outcome: CollectionOutcome, answer: Json, attempt: int) -> None:
    """Write what came of an attempt to collect an invoice that is not paid; *answer* is the same as JSON."""
    invoice = locked.invoice
    is_new = invoice.last_outcome != answer or invoice.attempts < attempt
    _set_attention(invoice, outcome)
    invoice.last_outcome, invoice.attempts = answer, max(invoice.attempts, attempt)
    match outcome:
        case Paid():
            await locked.mark_paid(outcome.amount_paid)
        case Closed() if invoice.status in UNPAID:
            await void(invoice, locked.customer, locked.recorder)
        case Declined() | RequiresAction() | Rejected() if is_new:
            locked.record(EVENTS[type(outcome)], {**answer, "attempt": attempt})
        case Open() if invoice.status is InvoiceStatus.DRAFT:
            invoice.status = InvoiceStatus.OPEN
        case _:
            pass


def _name(invoice: InvoiceRow, issued: Issued) -> None:
    """Take over Stripe's number, unless it is ours, and its page."""
    if invoice.sequence is None:
        invoice.number = issued.number or invoice.number
    invoice.hosted_invoice_url = issued.hosted_invoice_url or invoice.hosted_invoice_url


def _set_attention(invoice: InvoiceRow, outcome: CollectionOutcome) -> None:
    """Flag an invoice that Stripe refuses, for a person has to look; a flag of another kind stays."""
    if isinstance(outcome, Rejected):
        invoice.attention = f"rejected: {outcome.code}"
    elif (invoice.last_outcome or {}).get("kind") == "rejected":
        invoice.attention = None


def _account_of(customer: BilledCustomer) -> ColumnElement[bool]:
    if customer.billing_account_id is None:
        return BillingAccountRow.is_default.is_(True)
    return BillingAccountRow.id == as_id(customer.billing_account_id, "billing account")


async def _close(locked: LockedInvoice, status: InvoiceStatus, amount_paid: int | None) -> None:
    invoice = locked.invoice
    if status is InvoiceStatus.PAID:
        due = invoice.total if invoice.amount_due is None else invoice.amount_due
        await locked.mark_paid(due if amount_paid is None else amount_paid)
    elif invoice.status not in _CLOSES[status]:
        return
    elif status is InvoiceStatus.VOID:
        await void(invoice, locked.customer, locked.recorder)
    else:
        locked.mark_uncollectible()

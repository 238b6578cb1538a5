"""What the records remember of an invoice's way to Stripe and back; a paid invoice stays paid."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.dunning import DunningAction
from billflow.domain.errors import NotFound
from billflow.domain.plan import InvoicingStatus
from billflow.models.contracts.invoices import (
    BilledCustomer,
    Closed,
    CollectionLine,
    CollectionOutcome,
    Declined,
    InvoiceRef,
    InvoiceStatus,
    InvoiceToCollect,
    Issued,
    Open,
    Paid,
    Rejected,
    RequiresAction,
)
from billflow.models.tables import (
    BillingAccountRow,
    CustomerPlan,
    CustomerRow,
    InvoiceLineRow,
    InvoiceRow,
    Org,
    PaymentAttempt,
)
from billflow.store.adjustments.balance import credits_to_post, note_posting, use_balance, use_balance_again
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.drafts import UNPAID, void
from billflow.store.plans.base import PlanStore
from billflow.store.session.database import as_id

EVENTS: dict[type[Declined | RequiresAction | Rejected], str] = {
    Declined: "invoice.payment_failed",
    RequiresAction: "invoice.payment_action_required",
    Rejected: "invoice.payment_rejected",
}
"""What the world is told of an attempt that brought no money."""


@dataclass(frozen=True)
class Collection(PlanStore):
    """The invoices on their way to being paid."""

    async def invoice_to_collect(self, ref: InvoiceRef) -> InvoiceToCollect:
        """Return all that the gateway needs, noting when Stripe is asked for the first time."""
        async with self.database.unit_of_work(ref.org_id) as session:
            await session.execute(
                update(InvoiceRow)
                .where(InvoiceRow.id == as_id(ref.invoice_id, "invoice"), InvoiceRow.status.in_(UNPAID))
                .where(InvoiceRow.sent_first_at.is_(None))
                .values(sent_first_at=func.now())
            )
            query = (
                select(InvoiceRow, CustomerRow, BillingAccountRow)
                .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
                .join(BillingAccountRow, BillingAccountRow.id == InvoiceRow.billing_account_id)
                .where(InvoiceRow.id == as_id(ref.invoice_id, "invoice"))
            )
            found = (await session.execute(query)).one_or_none()
            if found is None:
                raise NotFound(f"There is no invoice {ref.invoice_id!r}.")
            invoice, customer, account = found
            lines = await session.scalars(_lines_of(invoice.id))
            owed = await credits_to_post(session, customer, account)
            livemode = await session.scalar(select(Org.livemode).where(Org.id == invoice.org_id))
            payer = billed_customer(customer, account).model_copy(update={"livemode": livemode})
            to_collect = _to_collect(invoice, tuple(map(_line, lines)), payer)
            return to_collect.model_copy(update={"credits": tuple(owed)})

    async def record_stripe_customer(self, customer: BilledCustomer, stripe_customer_id: str) -> None:
        """Remember the Stripe customer of the account that pays; one that is known already stays."""
        async with self.database.unit_of_work(customer.org_id) as session:
            await session.execute(
                update(BillingAccountRow)
                .where(BillingAccountRow.customer_id == as_id(customer.customer_id, "customer"))
                .where(_account_of(customer), BillingAccountRow.stripe_customer_id.is_(None))
                .values(stripe_customer_id=stripe_customer_id)
            )

    async def record_credit_posted(self, org_id: str, credit_id: str, stripe_balance_transaction_id: str) -> None:
        """Remember under which id Stripe knows a credit; once known it stays."""
        async with self.database.unit_of_work(org_id) as session:
            org, credit = as_id(org_id, "organization"), as_id(credit_id, "credit")
            await note_posting(session, org, credit, stripe_balance_transaction_id)

    async def record_issued(self, ref: InvoiceRef, issued: Issued) -> None:
        """Remember that Stripe holds the invoice, under which id and number."""
        async with self.database.unit_of_work(ref.org_id) as session:
            held = await held_invoice(session, ref, None)
            invoice = held.invoice
            invoice.number = issued.number or invoice.number
            invoice.hosted_invoice_url = issued.hosted_invoice_url or invoice.hosted_invoice_url
            if held.plan.invoicing_status is InvoicingStatus.SENDING:
                held.plan.invoicing_status = InvoicingStatus.DONE
            if invoice.stripe_invoice_id is None:
                held.tell("invoice.finalized", {"stripe_invoice_id": issued.stripe_invoice_id, "number": issued.number})
                use_balance(invoice, issued.balance_applied, held.recorder)
            invoice.stripe_invoice_id, invoice.amount_due = issued.stripe_invoice_id, issued.amount_due
            if issued.status is InvoiceStatus.PAID:
                held.settle(issued.amount_paid)
            elif invoice.status is InvoiceStatus.DRAFT:
                invoice.status = issued.status

    async def record_outcome(self, ref: InvoiceRef, outcome: CollectionOutcome, at: datetime) -> None:
        """Remember what came of a payment attempt; a paid invoice stays paid, whatever is heard later.

        Money that arrives for an invoice we voided makes it paid: it arrived.
        """
        async with self.database.unit_of_work(ref.org_id) as session:
            held = await held_invoice(session, ref, at)
            invoice, told = held.invoice, outcome.model_dump(mode="json")
            effects = invoice.last_outcome != told or invoice.attempts < ref.attempt
            await _note_attempt(session, invoice, ref.attempt, told, at)
            if invoice.status is InvoiceStatus.PAID:
                return
            invoice.last_outcome, invoice.attempts = told, max(invoice.attempts, ref.attempt)
            match outcome:
                case Paid():
                    held.settle(outcome.amount_paid)
                case Closed() if invoice.status in UNPAID:
                    void(invoice, held.customer, held.recorder)
                case Declined() | RequiresAction() | Rejected() if effects:
                    held.tell(EVENTS[type(outcome)], {**told, "attempt": ref.attempt})
                case Open() if invoice.status is InvoiceStatus.DRAFT:
                    invoice.status = InvoiceStatus.OPEN
                case _:
                    pass

    async def record_collection_plan(
        self, ref: InvoiceRef, next_attempt_at: datetime | None, next_action: DunningAction | None = None
    ) -> InvoiceStatus:
        """Remember what collection does next, and when, None where it won't, and say how the invoice stands."""
        async with self.database.unit_of_work(ref.org_id) as session:
            invoice = await session.get_one(InvoiceRow, as_id(ref.invoice_id, "invoice"), with_for_update=True)
            if invoice.status in UNPAID:
                invoice.next_attempt_at, invoice.next_action = next_attempt_at, next_action
            return invoice.status


@dataclass(frozen=True)
class LockedInvoice:
    """An invoice with what hangs on it, held until the transaction ends."""

    plan: CustomerPlan
    customer: CustomerRow
    invoice: InvoiceRow
    recorder: Recorder

    def settle(self, amount_paid: int) -> None:
        """Mark the invoice paid, once."""
        invoice = self.invoice
        if invoice.status is InvoiceStatus.PAID:
            return
        was = {"status": invoice.status}
        invoice.status, invoice.paid_at, invoice.amount_paid = InvoiceStatus.PAID, self.recorder.at, amount_paid
        invoice.next_attempt_at = invoice.next_action = None
        if was["status"] is InvoiceStatus.VOID:
            use_balance_again(invoice, self.recorder)
        paid = {"status": invoice.status, "amount_paid": amount_paid}
        self.recorder.audit("invoice.paid", ("invoice", invoice.id), before=was, after=paid)
        self.publish("invoice.paid", paid | {"late": was["status"] is InvoiceStatus.VOID})

    def give_up(self, reason: str | None = None) -> None:
        """Mark the invoice uncollectible."""
        invoice = self.invoice
        invoice.status, invoice.next_attempt_at, invoice.next_action = InvoiceStatus.UNCOLLECTIBLE, None, None
        told = {"total": invoice.total, "currency": invoice.currency, "reason": reason}
        self.tell("invoice.marked_uncollectible", told)

    def tell(self, event: str, data: dict[str, object]) -> None:
        """Write an event and its audit row."""
        self.recorder.audit(event, ("invoice", self.invoice.id), detail=data)
        self.publish(event, data)

    def publish(self, event: str, data: dict[str, object]) -> None:
        """Write an event about the invoice."""
        invoice = self.invoice
        self.recorder.publish(
            event, data, customer_id=invoice.customer_id, plan_id=invoice.plan_id, invoice_id=invoice.id
        )


async def held_invoice(session: AsyncSession, ref: InvoiceRef, at: datetime | None) -> LockedInvoice:
    """Hold plan, customer and invoice in the order that steps do; without *at* the invoice's own moment counts."""
    invoice_id = as_id(ref.invoice_id, "invoice")
    query = (
        select(CustomerPlan, CustomerRow)
        .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
        .join(InvoiceRow, InvoiceRow.plan_id == CustomerPlan.id)
        .where(InvoiceRow.id == invoice_id)
        .with_for_update(of=[CustomerPlan, CustomerRow], key_share=True)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound(f"There is no invoice {ref.invoice_id!r}.")
    invoice = await session.get_one(InvoiceRow, invoice_id, with_for_update={"key_share": True})
    return LockedInvoice(found[0], found[1], invoice, Recorder(session, invoice.org_id, at or invoice.issued_at))


async def _note_attempt(
    session: AsyncSession, invoice: InvoiceRow, n: int, told: dict[str, object], at: datetime
) -> None:
    row = {"org_id": invoice.org_id, "invoice_id": invoice.id, "n": n, "outcome": told, "at": at}
    await session.execute(insert(PaymentAttempt).values(row).on_conflict_do_nothing())


def _lines_of(invoice_id: UUID) -> Select[InvoiceLineRow]:
    return select(InvoiceLineRow).where(InvoiceLineRow.invoice_id == invoice_id).order_by(InvoiceLineRow.n)


def _account_of(customer: BilledCustomer) -> ColumnElement[bool]:
    if customer.billing_account_id is None:
        return BillingAccountRow.is_default.is_(True)
    return BillingAccountRow.id == as_id(customer.billing_account_id, "billing account")


def billed_customer(customer: CustomerRow, account: BillingAccountRow) -> BilledCustomer:
    """Return who pays, as Stripe is to know them."""
    return BilledCustomer(
        org_id=str(customer.org_id),
        customer_id=str(customer.id),
        billing_account_id=str(account.id),
        name=customer.name,
        email=account.invoice_email or customer.email,
        currency=account.currency,
        stripe_customer_id=account.stripe_customer_id,
    )


def _line(row: InvoiceLineRow) -> CollectionLine:
    return CollectionLine(
        n=row.n,
        line_id=str(row.id),
        description=row.description,
        quantity=row.quantity,
        unit_amount=row.unit_amount,
        amount=row.amount,
        period_start=row.period_start,
        period_end=row.period_end,
    )


def _to_collect(invoice: InvoiceRow, lines: tuple[CollectionLine, ...], customer: BilledCustomer) -> InvoiceToCollect:
    return InvoiceToCollect(
        org_id=str(invoice.org_id),
        invoice_id=str(invoice.id),
        plan_id=str(invoice.plan_id),
        kind=invoice.kind,
        customer=customer,
        status=invoice.status,
        number=invoice.number,
        currency=invoice.currency,
        total=invoice.total,
        lines=lines,
        collection_method=invoice.collection_method,
        days_until_due=invoice.days_until_due,
        statement_descriptor=invoice.statement_descriptor,
        issued_at=invoice.issued_at,
        amount_paid=invoice.amount_paid,
        stripe_invoice_id=invoice.stripe_invoice_id,
        sent_first_at=invoice.sent_first_at,
    )

"""What we owe customers: credits that are still to be posted at Stripe, and what invoices used of them."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.credits import CreditToPost
from billflow.models.tables import (
    BillingAccountRow,
    CreditPosting,
    CreditRow,
    CustomerRow,
    InvoiceRow,
    ReplacedStripeCustomer,
)
from billflow.store.audit.recorder import Recorder
from billflow.store.session.rows import as_record

APPLIED, RETURNED, REPLACED = "applied_to_invoice", "invoice_voided", "invoice_replaced"

KNOWN_FOR = timedelta(days=30)
"""How long what `credits_from` says is good enough; credits of so many days are looked at, one by one."""

_MARGIN = timedelta(days=1)
"""More than a transaction takes, whose credits are as old as its beginning."""

_POSTED = exists().where(CreditPosting.credit_id == CreditRow.id)
_MAY_BE_OPEN = CreditRow.created_at >= BillingAccountRow.credits_from
HAS_CREDITS = or_(
    exists().where(CreditRow.customer_id == CustomerRow.id, CreditRow.invoice_id.is_(None), _MAY_BE_OPEN, ~_POSTED),
    exists().where(
        ReplacedStripeCustomer.billing_account_id == BillingAccountRow.id,
        ReplacedStripeCustomer.stripe_balance_transaction_id.is_(None),
    ),
)
"""Whether there may be credits to post, for a query that loads customer and account."""


async def credits_to_post(session: AsyncSession, customer_id: UUID, account: Any) -> list[CreditToPost]:
    """Return the customer's credits that Stripe does not know yet, the oldest first, for (part of) an account's row.

    What was on the balance of a Stripe customer that is gone comes before them.
    """
    query = (
        select(CreditRow)
        .outerjoin(CreditPosting, CreditPosting.credit_id == CreditRow.id)
        .where(CreditRow.customer_id == customer_id, CreditRow.currency == account.currency)
        .where(CreditRow.invoice_id.is_(None), CreditPosting.credit_id.is_(None))
        .where(CreditRow.created_at >= account.credits_from)
        .order_by(CreditRow.created_at, CreditRow.id)
    )
    lost = (
        select(ReplacedStripeCustomer)
        .where(ReplacedStripeCustomer.billing_account_id == account.id, ReplacedStripeCustomer.balance != 0)
        .where(ReplacedStripeCustomer.stripe_balance_transaction_id.is_(None))
        .order_by(ReplacedStripeCustomer.created_at, ReplacedStripeCustomer.id)
    )
    carried = [
        CreditToPost(
            credit_id=str(row.id),
            amount=row.balance,
            currency=account.currency,
            created_at=row.created_at,
        )
        for row in await session.scalars(lost)
    ]
    return [*carried, *(as_record(CreditToPost, credit) for credit in await session.scalars(query))]


async def note_posting(session: AsyncSession, account: BillingAccountRow, credit_id: UUID, transaction_id: str) -> None:
    """Remember under which id Stripe knows what was posted for an account; once known it stays."""
    if (lost := await session.get(ReplacedStripeCustomer, credit_id)) is not None:
        lost.stripe_balance_transaction_id = lost.stripe_balance_transaction_id or transaction_id
        return
    row = {"org_id": account.org_id, "credit_id": credit_id, "billing_account_id": account.id}
    posted = insert(CreditPosting).values(stripe_balance_transaction_id=transaction_id, **row)
    await session.execute(posted.on_conflict_do_nothing())
    now = datetime.now(UTC)
    if account.credits_from < now - KNOWN_FOR:
        oldest = select(func.min(CreditRow.created_at)).where(
            CreditRow.customer_id == account.customer_id,
            CreditRow.invoice_id.is_(None),
            CreditRow.created_at >= account.credits_from,
            ~_POSTED,
        )
        account.credits_from = min(await session.scalar(oldest) or now, now - _MARGIN)


async def balances(session: AsyncSession, account_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return what is on the balance of each account's Stripe customer by our rows; positive is owed to the customer.

    That is what was posted to it and what its invoices used, without what is still to be carried over to a new one.
    """
    account, lost = CreditPosting.billing_account_id, ReplacedStripeCustomer
    posted = select(account.label("account"), CreditRow.amount).join(CreditRow, CreditRow.id == CreditPosting.credit_id)
    used = select(InvoiceRow.billing_account_id, CreditRow.amount).join(
        InvoiceRow, InvoiceRow.id == CreditRow.invoice_id
    )
    waiting = select(lost.billing_account_id, -lost.balance).where(lost.stripe_balance_transaction_id.is_(None))
    parts = union_all(
        posted.where(account.in_(account_ids)),
        used.where(InvoiceRow.billing_account_id.in_(account_ids)),
        waiting.where(lost.billing_account_id.in_(account_ids)),
    ).subquery()
    sums = select(parts.c.account, func.sum(parts.c.amount)).group_by(parts.c.account)
    found = {key: int(amount) for key, amount in await session.execute(sums)}
    return {key: found.get(key, 0) for key in account_ids}


def use_balance(invoice: InvoiceRow, applied: int, recorder: Recorder) -> None:
    """Note what the customer's balance paid of an invoice when Stripe finalized it; below 0, what that put onto it."""
    invoice.balance_applied = max(applied, 0)
    _write(invoice, -applied, APPLIED, recorder)


def return_balance(invoice: InvoiceRow, recorder: Recorder) -> None:
    """Return what a voided invoice had used of the balance; Stripe does the same by itself."""
    _write(invoice, invoice.balance_applied, RETURNED, recorder)


def leave_balance(invoice: InvoiceRow, recorder: Recorder) -> None:
    """Return what an invoice had used that is to be issued anew."""
    _write(invoice, invoice.balance_applied, REPLACED, recorder)


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
            step_key=f"invoice/{invoice.id}/{reason}/{invoice.stripe_invoice_id}",
            at=recorder.at,
        )
    )

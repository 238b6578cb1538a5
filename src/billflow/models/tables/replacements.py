"""What Stripe has lost, and what took its place (docs/stripe-objects.md)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.tables.base import Base, Identified, Owned, Written, belongs_to


class ReplacedStripeCustomer(Identified, Owned, Written, Base):
    """A Stripe customer that is gone; its `balance`, in minor units, is posted to the next one of its account.

    A positive balance is owed to the customer; it is posted once, as `stripe_balance_transaction_id`.
    """

    __table_args__ = (
        belongs_to("billing_account"),
        UniqueConstraint("stripe_customer_id"),
        Index("ix_replaced_stripe_customer_billing_account_id", "billing_account_id"),
    )

    billing_account_id: Mapped[UUID]
    stripe_customer_id: Mapped[str]
    balance: Mapped[int]
    stripe_balance_transaction_id: Mapped[str | None]
    at: Mapped[datetime]


class ReplacedStripeInvoice(Owned, Written, Base):
    """An invoice at Stripe in whose place another one was issued, because it or its customer was gone. Append-only."""

    __table_args__ = (belongs_to("invoice"), Index("ix_replaced_stripe_invoice_invoice_id", "invoice_id"))

    invoice_id: Mapped[UUID]
    stripe_invoice_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    at: Mapped[datetime]

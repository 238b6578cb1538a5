"""What was billed, line by line, and what came of collecting it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.dunning import DunningAction
from billflow.domain.invoicing.draft import InvoiceKind, LineKind
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables.base import (
    Base,
    Identified,
    Json,
    Owned,
    Stamped,
    Written,
    belongs_to,
    is_currency,
    lowered,
)
from billflow.models.tables.sealed import SealedJson


class InvoiceRow(Identified, Owned, Stamped, Base):
    """One invoice; amounts in minor units of `currency`.

    `number` and the `stripe_*` and `hosted_*` columns are Stripe's. `licenses` is what a purchase bought, and
    `coupon_months` what it used of `coupon_redemption_id`.
    `out_of_band_reference` names a payment outside Stripe. `balance_applied` is what the customer's balance paid of it
    when it was issued: `amount_due` is the rest, except for amounts too small to charge. `sent_first_at` is real time,
    all other moments follow the plan's clock. One that was issued again names the invoice in its place, and that names
    it and the `reissue_key` of the request. With `waived` nothing is to be billed in place of a void invoice.
    `seller_version_id` and `buyer` are kept when it is issued, `sequence` with a number that is ours (rules 36).
    `tax` is what of `total` is tax, which the lines' prices contain where it is `tax_inclusive`. With `automatic_tax`
    Stripe computes it: until it is `tax_known` the total is net.
    """

    __table_args__ = (
        belongs_to("customer_plan", "plan_id"),
        belongs_to("customer"),
        belongs_to("billing_account"),
        belongs_to("invoice", "replaces_invoice_id"),
        belongs_to("invoice", "replaced_by_invoice_id"),
        belongs_to("seller_version"),
        belongs_to("coupon_redemption"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "reissue_key"),
        UniqueConstraint("stripe_invoice_id"),
        is_currency("currency"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_when"),
        CheckConstraint("status <> 'void' OR voided_at IS NOT NULL", name="voided_when"),
        Index("ix_invoice_plan_id", "plan_id", "issued_at"),
        Index("ix_invoice_customer_id_status", "customer_id", "status"),
        Index("ix_invoice_customer_id_issued_at", "customer_id", "issued_at", "id"),
        Index("ix_invoice_billing_account_id", "billing_account_id"),
        Index("ix_invoice_org_id_number_key", "org_id", "number_key", postgresql_where="number_key IS NOT NULL"),
        Index("uq_invoice_own_number", "org_id", "number", unique=True, postgresql_where="sequence IS NOT NULL"),
        Index("ix_invoice_org_id_issued_at", "org_id", "issued_at", "id"),
        Index(
            "ix_invoice_next_attempt_at", "org_id", "next_attempt_at", postgresql_where="next_attempt_at IS NOT NULL"
        ),
        Index("ix_invoice_paid_at", "org_id", "paid_at", postgresql_where="paid_at IS NOT NULL"),
        Index("ix_invoice_unsettled", "org_id", "due_at", postgresql_where="status IN ('draft', 'open')"),
    )

    plan_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    billing_account_id: Mapped[UUID]
    kind: Mapped[InvoiceKind]
    status: Mapped[InvoiceStatus] = mapped_column(server_default=InvoiceStatus.DRAFT)
    number: Mapped[str | None]
    number_key: Mapped[str | None] = mapped_column(lowered("number"))
    currency: Mapped[str]
    total: Mapped[int]
    issued_at: Mapped[datetime]
    collection_method: Mapped[CollectionMethod]
    days_until_due: Mapped[int | None]
    due_at: Mapped[datetime]
    auto_advance: Mapped[bool]
    statement_descriptor: Mapped[str]
    flat_discount_months: Mapped[int] = mapped_column(server_default="0")
    coupon_redemption_id: Mapped[UUID | None]
    coupon_months: Mapped[int] = mapped_column(server_default="0")
    licenses: Mapped[int | None]
    stripe_invoice_id: Mapped[str | None]
    hosted_invoice_url: Mapped[str | None]
    amount_due: Mapped[int | None]
    balance_applied: Mapped[int] = mapped_column(server_default="0")
    amount_paid: Mapped[int] = mapped_column(server_default="0")
    paid_at: Mapped[datetime | None]
    out_of_band_reference: Mapped[str | None]
    voided_at: Mapped[datetime | None]
    written_off_at: Mapped[datetime | None]
    sent_first_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime | None]
    last_outcome: Mapped[Json | None]
    next_action: Mapped[DunningAction | None]
    customer_suspended_at: Mapped[datetime | None]
    attention: Mapped[str | None]
    step_key: Mapped[str]
    replaces_invoice_id: Mapped[UUID | None]
    replaced_by_invoice_id: Mapped[UUID | None]
    reissue_key: Mapped[str | None]
    waived: Mapped[bool] = mapped_column(server_default="false")
    sequence: Mapped[int | None]
    seller_version_id: Mapped[UUID | None]
    buyer: Mapped[Json | None] = mapped_column(SealedJson("invoice.buyer"))
    tax: Mapped[int] = mapped_column(server_default="0")
    tax_inclusive: Mapped[bool] = mapped_column(server_default="false")
    automatic_tax: Mapped[bool] = mapped_column(server_default="false")
    tax_known: Mapped[bool] = mapped_column(server_default="true")


class InvoiceLineRow(Identified, Owned, Written, Base):
    """One line with its derivation; `n` counts from 1. Append-only, but that `tax` is written once Stripe has said it.

    A line about a moved end date adjusts the line that bills the ledger entry `adjusts_entry_id`. A line of an invoice
    that was issued again stands for the line `replaces_line_id`, which the ledger names.
    `tax` is the line's share of the invoice's, and of a tax line all of the `applied_tax`.
    """

    __table_args__ = (
        belongs_to("invoice"),
        belongs_to("license_ledger", "adjusts_entry_id"),
        belongs_to("invoice_line", "replaces_line_id"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("invoice_id", "n"),
        CheckConstraint("amount = quantity * unit_amount", name="amount_is_quantity_times_unit"),
        CheckConstraint("period_start <= period_end", name="period_in_order"),
        CheckConstraint("(kind = 'tax') = (applied_tax IS NOT NULL)", name="tax_has_its_rate"),
        Index("ix_invoice_line_adjusts_entry_id", "adjusts_entry_id", postgresql_where="adjusts_entry_id IS NOT NULL"),
        Index("ix_invoice_line_replaces_line_id", "replaces_line_id", postgresql_where="replaces_line_id IS NOT NULL"),
    )

    invoice_id: Mapped[UUID]
    n: Mapped[int]
    kind: Mapped[LineKind]
    description: Mapped[str]
    quantity: Mapped[int]
    unit_amount: Mapped[int]
    amount: Mapped[int]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    derivation: Mapped[Json]
    adjusts_entry_id: Mapped[UUID | None]
    replaces_line_id: Mapped[UUID | None]
    tax: Mapped[int] = mapped_column(server_default="0")
    applied_tax: Mapped[Json | None]


class PaymentAttempt(Identified, Owned, Written, Base):
    """What came of one attempt to collect an invoice; `n` counts from 1. Append-only."""

    __table_args__ = (belongs_to("invoice"), UniqueConstraint("invoice_id", "n"))

    invoice_id: Mapped[UUID]
    n: Mapped[int]
    outcome: Mapped[Json]
    at: Mapped[datetime]


class CreditRow(Identified, Owned, Written, Base):
    """What is owed to a customer, in minor units of `currency`: positive rows grant, negative ones use. Append-only.

    `invoice_id` is the invoice that used it or gave it back, as Stripe records by itself; rows without one are posted.
    """

    __table_args__ = (
        belongs_to("customer"),
        belongs_to("customer_plan", "plan_id"),
        belongs_to("invoice"),
        UniqueConstraint("org_id", "id"),
        is_currency("currency"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        Index("ix_credit_customer_id", "customer_id"),
        Index("ix_credit_to_post", "customer_id", "created_at", postgresql_where="invoice_id IS NULL"),
        Index("ix_credit_invoice_id", "invoice_id", postgresql_where="invoice_id IS NOT NULL"),
        Index("uq_credit_step", "org_id", "step_key", "plan_id", unique=True, postgresql_where="plan_id IS NOT NULL"),
    )

    customer_id: Mapped[UUID]
    plan_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    amount: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    step_key: Mapped[str]
    at: Mapped[datetime]


class CreditPosting(Owned, Written, Base):
    """A credit as Stripe holds it, on the balance of the account's customer. Append-only."""

    __table_args__ = (
        belongs_to("credit"),
        belongs_to("billing_account"),
        UniqueConstraint("stripe_balance_transaction_id"),
        Index("ix_credit_posting_billing_account_id", "billing_account_id"),
    )

    credit_id: Mapped[UUID] = mapped_column(primary_key=True)
    stripe_balance_transaction_id: Mapped[str]
    billing_account_id: Mapped[UUID | None]

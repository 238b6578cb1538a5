"""What became of invoices beyond payment: credit notes, refunds, disputes; and how an organization collects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.adjustments import CreditReason, RefundReason
from billflow.models.contracts.adjustments import AdjustmentStatus
from billflow.models.tables.base import (
    Base,
    Identified,
    Json,
    Owned,
    Stamped,
    Written,
    belongs_to,
    in_org,
    is_currency,
    is_object,
)


class CreditNoteRow(Identified, Owned, Written, Base):
    """What an invoice was credited; `n` counts from 1. Append-only.

    `before_payment` lowered what was to be paid, `refund_amount` and `balance_amount` gave back what was paid.
    `taxes` is the tax in the amount by the id of the tax line.
    """

    __table_args__ = (
        belongs_to("invoice"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "key"),
        UniqueConstraint("invoice_id", "n"),
        is_currency("currency"),
        CheckConstraint(
            "amount > 0 AND amount = before_payment + refund_amount + balance_amount"
            " AND least(before_payment, refund_amount, balance_amount) >= 0",
            name="parts_add_up",
        ),
        is_object("taxes"),
    )

    invoice_id: Mapped[UUID]
    n: Mapped[int]
    currency: Mapped[str]
    amount: Mapped[int]
    before_payment: Mapped[int]
    refund_amount: Mapped[int]
    balance_amount: Mapped[int]
    taxes: Mapped[Json] = mapped_column(server_default="{}")
    reason: Mapped[CreditReason]
    memo: Mapped[str | None]
    key: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class CreditNoteLineRow(Identified, Owned, Written, Base):
    """What a credit note takes off one line of its invoice. Append-only."""

    __table_args__ = (
        belongs_to("credit_note"),
        belongs_to("invoice_line"),
        UniqueConstraint("credit_note_id", "invoice_line_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
    )

    credit_note_id: Mapped[UUID]
    invoice_line_id: Mapped[UUID]
    amount: Mapped[int]


class RefundRow(Identified, Owned, Written, Base):
    """Money to give back for an invoice, by itself or as a part of a credit note. Append-only.

    `out_of_band_reference` names a payment outside Stripe by which it was given.
    `taxes` is the tax in the amount by the id of the tax line; that in a part of a credit note is the note's.
    """

    __table_args__ = (
        belongs_to("invoice"),
        belongs_to("credit_note"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "key"),
        is_currency("currency"),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_refund_invoice_id", "invoice_id"),
        Index("ix_refund_org_id_at", "org_id", "at"),
        is_object("taxes"),
    )

    invoice_id: Mapped[UUID]
    credit_note_id: Mapped[UUID | None]
    currency: Mapped[str]
    amount: Mapped[int]
    taxes: Mapped[Json] = mapped_column(server_default="{}")
    reason: Mapped[RefundReason | None]
    out_of_band_reference: Mapped[str | None]
    key: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class AdjustmentResultRow(Identified, Owned, Written, Base):
    """What Stripe said about a credit note or a refund; the newest counts. Append-only.

    With `document_n` it made a document of it, the n-th of the organization's credit notes or refunds.
    """

    __tablename__ = "adjustment_answer"
    __table_args__ = (
        belongs_to("credit_note"),
        belongs_to("refund"),
        CheckConstraint("num_nonnulls(credit_note_id, refund_id) = 1", name="one_subject"),
        CheckConstraint("document_n > 0", name="document_n_counts"),
        *(
            Index(
                f"uq_adjustment_answer_{kind}_document",
                "org_id",
                "document_n",
                unique=True,
                postgresql_where=f"document_n IS NOT NULL AND {kind}_id IS NOT NULL",
            )
            for kind in ("credit_note", "refund")
        ),
        Index("ix_adjustment_answer_credit_note_id", "credit_note_id", "sequence"),
        Index("ix_adjustment_answer_refund_id", "refund_id", "sequence"),
        Index("ix_adjustment_answer_stripe_id", "org_id", "stripe_id"),
    )

    sequence: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    credit_note_id: Mapped[UUID | None]
    refund_id: Mapped[UUID | None]
    status: Mapped[AdjustmentStatus]
    stripe_id: Mapped[str | None]
    message: Mapped[str | None]
    document_n: Mapped[int | None]
    at: Mapped[datetime]


class DisputeRow(Identified, Owned, Written, Base):
    """What Stripe told of a dispute over a payment; amounts in minor units of `currency`. Append-only."""

    __table_args__ = (
        in_org(),
        belongs_to("invoice"),
        UniqueConstraint("stripe_event_id"),
        Index("ix_dispute_invoice_id", "invoice_id"),
    )

    invoice_id: Mapped[UUID]
    stripe_event_id: Mapped[str]
    stripe_dispute_id: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int]
    at: Mapped[datetime]


class DunningPolicyRow(Stamped, Base):
    """How an organization collects, as a `domain.dunning.DunningPolicy`; without a row the default holds."""

    __table_args__ = (in_org(), is_object("policy"))

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    policy: Mapped[Json]

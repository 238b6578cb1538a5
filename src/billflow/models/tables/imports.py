"""What moved in from another billing system: which thing of ours each of its things became, and its invoices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.imports import ImportKind, OpeningInvoiceStatus, OpeningLineKind
from billflow.models.tables.base import Base, Identified, Owned, Stamped, Written, belongs_to, in_org, is_currency


class ImportedObjectRow(Owned, Written, Base):
    """Which row of ours a thing of the other system became: its external id, once for each kind.

    Of an erased customer the external id is a digest, by which it is known still.
    """

    __table_args__ = (in_org(),)

    org_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)
    kind: Mapped[ImportKind] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[UUID]
    at: Mapped[datetime]


class OpeningInvoiceRow(Identified, Owned, Stamped, Base):
    """An invoice that another system issued: a fact of the customer's account, never billed or collected here.

    Amounts are minor units of `currency`; one below 0 credits, and what it left is in a balance. `closed_at` is when it
    was voided or written off: the other system says so, and what became of one that was open is imported again.
    """

    __table_args__ = (
        belongs_to("customer"),
        belongs_to("customer_plan", "plan_id"),
        UniqueConstraint("org_id", "id"),
        is_currency("currency"),
        CheckConstraint("amount_paid BETWEEN 0 AND greatest(total, 0)", name="paid_at_most_its_total"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_when"),
        CheckConstraint("(status IN ('void', 'uncollectible')) = (closed_at IS NOT NULL)", name="closed_when"),
        Index("ix_opening_invoice_customer_id", "customer_id", "issued_at"),
    )

    customer_id: Mapped[UUID]
    plan_id: Mapped[UUID | None]
    external_id: Mapped[str]
    number: Mapped[str | None]
    status: Mapped[OpeningInvoiceStatus]
    currency: Mapped[str]
    total: Mapped[int]
    amount_paid: Mapped[int]
    issued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]


class OpeningInvoiceLineRow(Identified, Owned, Written, Base):
    """One line of an invoice of the other system, as far as that says what it is for; `n` counts from 1."""

    __table_args__ = (belongs_to("opening_invoice"), UniqueConstraint("opening_invoice_id", "n"))

    opening_invoice_id: Mapped[UUID]
    n: Mapped[int]
    kind: Mapped[OpeningLineKind]
    description: Mapped[str]
    quantity: Mapped[int]
    unit_amount: Mapped[int | None]
    amount: Mapped[int]
    period_start: Mapped[datetime | None]
    period_end: Mapped[datetime | None]

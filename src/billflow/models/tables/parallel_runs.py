"""What billflow would have billed for plans in a parallel run: computed to be compared, never issued (rules 41)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.domain.invoicing.draft import InvoiceKind, LineKind
from billflow.models.tables.base import Base, Identified, Json, Owned, Written, belongs_to, is_currency


class ComputedInvoiceRow(Identified, Owned, Written, Base):
    """An invoice that another system issues in our place, as billflow computes it; amounts in minor units.

    `invoice_date` is what would be its date. With `automatic_tax` it is net, since only Stripe knows the tax.
    """

    __table_args__ = (
        belongs_to("customer_plan", "plan_id"),
        belongs_to("customer"),
        UniqueConstraint("org_id", "id"),
        is_currency("currency"),
        Index("ix_computed_invoice_customer_id", "customer_id", "invoice_date"),
        Index("ix_computed_invoice_plan_id", "plan_id"),
        Index("ix_computed_invoice_created_at", "created_at", postgresql_using="brin"),
    )

    plan_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    kind: Mapped[InvoiceKind]
    currency: Mapped[str]
    total: Mapped[int]
    tax: Mapped[int]
    tax_inclusive: Mapped[bool]
    automatic_tax: Mapped[bool]
    invoice_date: Mapped[datetime]
    step_key: Mapped[str]


class ComputedInvoiceLineRow(Identified, Owned, Written, Base):
    """One line of a computed invoice with its derivation; `n` counts from 1."""

    __table_args__ = (
        belongs_to("computed_invoice", ondelete="CASCADE"),
        UniqueConstraint("computed_invoice_id", "n"),
    )

    computed_invoice_id: Mapped[UUID]
    n: Mapped[int]
    kind: Mapped[LineKind]
    description: Mapped[str]
    quantity: Mapped[int]
    unit_amount: Mapped[int]
    amount: Mapped[int]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    derivation: Mapped[Json]
    tax: Mapped[int]
    applied_tax: Mapped[Json | None]

"""What rows were before they were changed, for answers as of a moment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.tables.base import Base, Json, Owned, in_org

VERSIONED = (
    "billing_account",
    "coupon",
    "coupon_redemption",
    "customer",
    "customer_contact",
    "customer_plan",
    "customer_plan_offer",
    "invoice",
    "invoice_line",
    "opening_invoice",
    "plan_item",
    "price_change",
    "realm",
    "remote_realm",
    "remote_server",
    "test_clock",
)
"""The tables of which former rows are kept."""


class RowVersion(Owned, Base):
    """A row as it was in `[since, until)`, in real time; a trigger writes it when the row is changed or deleted.

    `content` has the row's columns as they are stored. `customer_id` is the row's, of a customer its own id.
    """

    __table_args__ = (
        in_org(),
        CheckConstraint("since < until", name="in_order"),
        Index("ix_row_version_customer_id", "customer_id", postgresql_where="customer_id IS NOT NULL"),
        Index("ix_row_version_until", "until", postgresql_using="brin"),
    )

    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    table_name: Mapped[str]
    customer_id: Mapped[UUID | None]
    content: Mapped[Json]

"""What is billed once beside a plan's licenses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.items import ItemStatus
from billflow.models.tables.base import Base, Identified, Owned, Stamped, belongs_to


class PlanItem(Identified, Owned, Stamped, Base):
    """One `domain.items.Item` of a plan; `seq` counts from 1. `invoice_line_id` is the line that billed it."""

    __table_args__ = (
        belongs_to("customer_plan", "plan_id"),
        belongs_to("invoice_line"),
        UniqueConstraint("plan_id", "seq"),
        UniqueConstraint("invoice_line_id"),
        CheckConstraint("unit_amount > 0 AND quantity > 0", name="amount_positive"),
        CheckConstraint("(service_start IS NULL) = (service_end IS NULL)", name="service_whole"),
        CheckConstraint("(status = 'billed') = (invoice_line_id IS NOT NULL)", name="billed_by_a_line"),
    )

    plan_id: Mapped[UUID]
    seq: Mapped[int]
    description: Mapped[str]
    unit_amount: Mapped[int]
    quantity: Mapped[int]
    service_start: Mapped[datetime | None]
    service_end: Mapped[datetime | None]
    added_at: Mapped[datetime]
    status: Mapped[ItemStatus] = mapped_column(server_default=ItemStatus.PENDING)
    invoice_line_id: Mapped[UUID | None]

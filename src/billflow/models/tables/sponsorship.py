"""Customers who ask not to pay."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.customer_finances import SponsorshipStatus
from billflow.models.tables.base import Base, Identified, Owned, Stamped, belongs_to


class SponsorshipRequest(Identified, Owned, Stamped, Base):
    """A request to be sponsored; one at a time waits for a decision."""

    __table_args__ = (
        belongs_to("customer"),
        CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided_when"),
        Index("uq_sponsorship_request_pending", "customer_id", unique=True, postgresql_where="status = 'pending'"),
        Index("ix_sponsorship_request_customer_id", "customer_id", "created_at"),
    )

    customer_id: Mapped[UUID]
    status: Mapped[SponsorshipStatus] = mapped_column(server_default=SponsorshipStatus.PENDING)
    organization_type: Mapped[str]
    website: Mapped[str | None]
    description: Mapped[str]
    expected_users: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]

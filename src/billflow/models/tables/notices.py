"""What customers were told ahead."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.notices import NoticeOccasion
from billflow.models.tables.base import Base, Json, Owned, Stamped, belongs_to


class PlanNotice(Owned, Stamped, Base):
    """That a customer was told ahead of `due_at`, as of `at`, once for its key. `mailed_at` is real time."""

    __table_args__ = (
        belongs_to("customer_plan", "plan_id"),
        Index("ix_plan_notice_unmailed", "org_id", postgresql_where="mailed_at IS NULL"),
        Index("ix_plan_notice_created_at", "created_at", postgresql_using="brin"),
    )

    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    occasion: Mapped[NoticeOccasion] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    data: Mapped[Json]
    mailed_at: Mapped[datetime | None]

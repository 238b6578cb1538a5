"""How an organization taxes what it bills: every version that it applied."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.models.tables.base import Base, Identified, Json, Owned, Written, in_org, is_object


class TaxVersionRow(Identified, Owned, Written, Base):
    """One version, as `TaxDocument` writes it, for invoices dated from `starts_at` on, or all. Append-only."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "version"),
        CheckConstraint("version > 0", name="version_counts"),
        is_object("content"),
    )

    version: Mapped[int]
    content: Mapped[Json]
    starts_at: Mapped[datetime | None]
    actor: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]

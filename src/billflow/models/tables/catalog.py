"""What an organization sells: every version of its catalogue, the newest of which holds."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.models.tables.base import Base, Identified, Json, Owned, Written, in_org, is_object


class CatalogVersionRow(Identified, Owned, Written, Base):
    """One version of a catalogue, as `CatalogDocument` writes it; `version` counts from 1. Append-only."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "version"),
        CheckConstraint("version > 0", name="version_counts"),
        is_object("content"),
    )

    version: Mapped[int]
    content: Mapped[Json]
    actor: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]

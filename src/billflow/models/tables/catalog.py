"""What an organization sells: every version of its catalogue, the newest of which holds."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.models.tables.base import Base, Identified, Json, Owned, Written, in_org, is_object


class PriceChangeRow(Identified, Owned, Written, Base):
    """An announcement that plans of a tier get the price that is listed, from their first renewal after a date on."""

    __table_args__ = (in_org(), UniqueConstraint("org_id", "id"), CheckConstraint("notice_days >= 0", name="notice"))

    tier: Mapped[str]
    starts_at: Mapped[datetime]
    notice_days: Mapped[int]
    catalog_version: Mapped[int]
    actor: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


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

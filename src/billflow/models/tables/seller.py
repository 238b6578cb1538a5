"""Who sells: every version of an organization's seller, and the numbers its invoices have."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, Written, in_org, is_object

NO_YEAR = 0
"""The year of a series that goes on from year to year."""


class SellerVersionRow(Identified, Owned, Written, Base):
    """One version of a seller, as `SellerDocument` writes it, with its logo; `version` counts from 1. Append-only."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "version"),
        CheckConstraint("version > 0", name="version_counts"),
        CheckConstraint("(logo IS NULL) = (logo_type IS NULL)", name="logo_has_type"),
        is_object("content"),
    )

    version: Mapped[int]
    content: Mapped[Json]
    logo: Mapped[bytes | None]
    logo_type: Mapped[str | None]
    actor: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]


class InvoiceSeriesRow(Owned, Stamped, Base):
    """How far a series of invoice numbers is: `last` was given; it went on from `continued`, which others gave.

    Whoever gives the next number holds the row until its transaction ends.
    """

    __table_args__ = (in_org(), CheckConstraint("last >= continued AND continued >= 0", name="forward"))

    org_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    continued: Mapped[int]
    last: Mapped[int]

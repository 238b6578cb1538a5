"""Where seats come from, how the newest count of each customer went, and who was there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.seat_sources import SeatSourceKind
from billflow.models.tables.base import Base, Identified, Owned, Stamped, belongs_to, in_org
from billflow.models.tables.sealed import SealedText


class SeatSourceRow(Identified, Owned, Stamped, Base):
    """Where the seats of one customer come from, or of all that have none of their own.

    `target` is an address, a file or the name of an environment variable; `secret` signs requests or holds the address
    of a database.
    """

    __table_args__ = (
        in_org(),
        belongs_to("customer"),
        UniqueConstraint("org_id", "id"),
        Index(
            "uq_seat_source_org_id",
            "org_id",
            unique=True,
            postgresql_where="customer_id IS NULL AND removed_at IS NULL",
        ),
        Index(
            "uq_seat_source_customer_id",
            "customer_id",
            unique=True,
            postgresql_where="customer_id IS NOT NULL AND removed_at IS NULL",
        ),
    )

    customer_id: Mapped[UUID | None]
    kind: Mapped[SeatSourceKind]
    target: Mapped[str | None]
    query: Mapped[str | None]
    secret: Mapped[str | None] = mapped_column(SealedText("seat_source.secret"))
    removed_at: Mapped[datetime | None]


class SeatPullRow(Owned, Stamped, Base):
    """How the newest count of a customer went; `counted_at` is the newest that was applied, by its plan's clock."""

    __table_args__ = (
        belongs_to("customer"),
        belongs_to("seat_source"),
        CheckConstraint("num_nonnulls(counted_at, members, guests) IN (0, 3)", name="counted_whole"),
        CheckConstraint("num_nonnulls(failing_since, code, message) IN (0, 3)", name="failing_whole"),
        Index("ix_seat_pull_seat_source_id", "seat_source_id"),
        Index("ix_seat_pull_failing", "org_id", postgresql_where="code IS NOT NULL"),
    )

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    seat_source_id: Mapped[UUID]
    pulled_at: Mapped[datetime]
    counted_at: Mapped[datetime | None]
    members: Mapped[int | None]
    guests: Mapped[int | None]
    failing_since: Mapped[datetime | None]
    code: Mapped[str | None]
    message: Mapped[str | None]


class SeatMemberRow(Owned, Base):
    """A person who took a seat in `[since, until)`, under a hash of the product's own id; nobody's name."""

    __table_args__ = (
        belongs_to("customer"),
        CheckConstraint("since < until", name="in_order"),
        Index("ix_seat_member_there", "customer_id", postgresql_where="until IS NULL"),
        Index("ix_seat_member_until", "org_id", "until", postgresql_where="until IS NOT NULL"),
    )

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_hash: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    until: Mapped[datetime | None]
    is_guest: Mapped[bool]

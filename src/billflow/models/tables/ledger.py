"""How many licenses a plan held, what became of each change, and the seats it follows. All of it append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.ledger import Disposition
from billflow.models.tables.base import Base, Identified, Owned, Written, belongs_to


class LicenseLedger(Identified, Owned, Written, Base):
    """One `domain.ledger.LedgerEntry` of a plan, about its licenses or one of its add-ons; `seq` counts from 1."""

    __table_args__ = (
        belongs_to("customer_plan", "plan_id"),
        UniqueConstraint("plan_id", "seq"),
        UniqueConstraint("org_id", "id"),
        CheckConstraint("seq > 0", name="seq_positive"),
        CheckConstraint("licenses >= 0 AND licenses_at_next_renewal >= 0", name="licenses_not_negative"),
        CheckConstraint("(add_on IS NULL) = (price IS NULL)", name="add_on_has_a_price"),
        Index("ix_license_ledger_renewals", "plan_id", "seq", postgresql_where="is_renewal"),
    )

    plan_id: Mapped[UUID]
    seq: Mapped[int]
    event_time: Mapped[datetime]
    is_renewal: Mapped[bool]
    licenses: Mapped[int]
    licenses_at_next_renewal: Mapped[int]
    add_on: Mapped[str | None]
    price: Mapped[int | None]
    step_key: Mapped[str]


class LedgerAllocation(Owned, Written, Base):
    """What became of one ledger entry: its key is the entry's, so nothing is ever billed twice."""

    __table_args__ = (
        belongs_to("license_ledger", "entry_id"),
        belongs_to("invoice_line"),
        Index("ix_ledger_allocation_invoice_line_id", "invoice_line_id"),
    )

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    disposition: Mapped[Disposition]
    invoice_line_id: Mapped[UUID | None]
    step_key: Mapped[str]


class SeatRow(Owned, Written, Base):
    """How many people a customer's deployment had at one moment; the first report of a moment counts.

    `seat_source_id` is the source that it was pulled from, None where the product reported it by itself.
    """

    __tablename__ = "seat_observation"
    __table_args__ = (
        belongs_to("customer"),
        belongs_to("seat_source"),
        CheckConstraint("members >= 0 AND guests >= 0", name="counts_not_negative"),
    )

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    observed_at: Mapped[datetime] = mapped_column(primary_key=True)
    members: Mapped[int]
    guests: Mapped[int]
    seat_source_id: Mapped[UUID | None]

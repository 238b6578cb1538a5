"""What happened: steps taken, who did what, what the world is to be told, and what Stripe told us."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.webhooks import ForeignReason
from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, Written, belongs_to, in_org


class StepRow(Owned, Written, Base):
    """A step that was taken: its key makes it happen once, `result` answers whoever asks again. Append-only.

    `detail` is the request as data.
    """

    __table_args__ = (in_org(), belongs_to("customer_plan", "plan_id"), Index("ix_step_plan_id", "plan_id", "sequence"))

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    plan_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    detail: Mapped[Json]
    result: Mapped[Json]


class AuditLog(Identified, Owned, Written, Base):
    """Who did what to which subject, and how it changed. Append-only; `audit_chain` makes changes show."""

    __table_args__ = (
        in_org(),
        Index("ix_audit_log_subject", "org_id", "subject_type", "subject_id", "sequence"),
        Index("ix_audit_log_org_id_sequence", "org_id", "sequence"),
        Index("ix_audit_log_org_id_created_at", "org_id", "created_at"),
        Index("ix_audit_log_actor", "org_id", "actor", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    actor: Mapped[str]
    request_id: Mapped[str | None]
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    at: Mapped[datetime]
    detail: Mapped[Json | None]
    before: Mapped[Json | None]
    after: Mapped[Json | None]


class OutboxEvent(Identified, Owned, Written, Base):
    """An event for the world, written with what caused it; delivery is kept elsewhere. Append-only."""

    __table_args__ = (
        in_org(),
        Index("ix_outbox_event_org_id_sequence", "org_id", "sequence"),
        Index("ix_outbox_event_org_id_created_at", "org_id", "created_at"),
        Index("ix_outbox_event_plan_id", "plan_id", "sequence", postgresql_where="plan_id IS NOT NULL"),
        Index("ix_outbox_event_customer_id", "customer_id", "sequence", postgresql_where="customer_id IS NOT NULL"),
    )

    sequence: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    type: Mapped[str]
    at: Mapped[datetime]
    customer_id: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    data: Mapped[Json]


class TestClock(Identified, Owned, Stamped, Base):
    """A time that stands still until it is advanced; plans are attached to it."""

    __test__ = False
    __table_args__ = (in_org(), UniqueConstraint("org_id", "id"))

    name: Mapped[str]
    now_at: Mapped[datetime]


class WebhookEvent(Identified, Owned, Written, Base):
    """An event Stripe sent, kept once however often it came; open until `handled_at` is set.

    `of_customer` is the customer that its object names, if any.
    """

    __table_args__ = (
        in_org(),
        UniqueConstraint("stripe_event_id"),
        Index("ix_webhook_event_open", "org_id", "received_at", postgresql_where="handled_at IS NULL"),
        Index("ix_webhook_event_of_customer", "of_customer", "received_at"),
        Index("ix_webhook_event_received_at", "received_at", postgresql_using="brin"),
    )

    stripe_event_id: Mapped[str]
    type: Mapped[str]
    payload: Mapped[Json]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    of_customer: Mapped[str | None] = mapped_column(Computed("payload ->> 'customer_id'", persisted=True))


class ForeignStripeEventRow(Base):
    """A signed event of Stripe's that belongs to no organization; tenants see none of them, and they are pruned."""

    __table_args__ = (Index("ix_foreign_stripe_event_received_at", "received_at"),)

    stripe_event_id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    reason: Mapped[ForeignReason]
    payload: Mapped[Json]
    received_at: Mapped[datetime]

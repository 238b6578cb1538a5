"""What leaves billflow: where events go, each attempt; the audit log's chain; keys of what can be erased."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.endpoints import DeliveryOutcome, EndpointStatus, MessageStatus
from billflow.models.tables.base import Base, Identified, Owned, Stamped, Written, belongs_to, in_org
from billflow.models.tables.sealed import SealedText


def _of_event() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["event_id"], ["outbox_event.id"])


class OutboxPending(Owned, Base):
    """An event that nobody has looked at yet; a trigger writes it with the event, its delivery removes it."""

    __table_args__ = (in_org(), _of_event(), Index("ix_outbox_pending_org_id_sequence", "org_id", "sequence"))

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int]


class WebhookEndpoint(Identified, Owned, Stamped, Base):
    """Where an organization wants its events; no `event_types` means all of them."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        Index("ix_webhook_endpoint_org_id_created_at", "org_id", "created_at", "id"),
    )

    url: Mapped[str]
    description: Mapped[str | None]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret: Mapped[str] = mapped_column(SealedText("webhook_endpoint.secret"))
    status: Mapped[EndpointStatus] = mapped_column(server_default=EndpointStatus.ENABLED)
    disabled_reason: Mapped[str | None]
    deleted_at: Mapped[datetime | None]
    old_secret: Mapped[str | None] = mapped_column(SealedText("webhook_endpoint.old_secret"))
    old_secret_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]


class WebhookMessage(Identified, Owned, Stamped, Base):
    """An event on its way to an endpoint; of one customer's they go in the order of `position`."""

    __table_args__ = (
        belongs_to("webhook_endpoint", "endpoint_id"),
        _of_event(),
        UniqueConstraint("org_id", "id"),
        Index("uq_webhook_message_first", "endpoint_id", "event_id", unique=True, postgresql_where="replay_id IS NULL"),
        Index(
            "uq_webhook_message_replay",
            "endpoint_id",
            "event_id",
            "replay_id",
            unique=True,
            postgresql_where="replay_id IS NOT NULL",
        ),
        Index(
            "ix_webhook_message_pending",
            "endpoint_id",
            "customer_id",
            "position",
            postgresql_where="status = 'pending'",
        ),
        Index("ix_webhook_message_updated_at", "org_id", "updated_at", postgresql_where="status <> 'pending'"),
        Index("ix_webhook_message_event_id", "event_id"),
        Index("ix_webhook_message_customer_id", "customer_id", "position"),
    )

    position: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    sequence: Mapped[int]
    customer_id: Mapped[UUID | None]
    replay_id: Mapped[UUID | None]
    status: Mapped[MessageStatus] = mapped_column(server_default=MessageStatus.PENDING)
    failures: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime | None]


class EventDelivery(Identified, Owned, Written, Base):
    """One attempt to deliver a message. Append-only."""

    __table_args__ = (
        belongs_to("webhook_endpoint", "endpoint_id"),
        belongs_to("webhook_message", "message_id"),
        Index("ix_event_delivery_endpoint_id_created_at", "endpoint_id", "created_at", "id"),
        Index("ix_event_delivery_message_id", "message_id"),
    )

    message_id: Mapped[UUID]
    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    attempt: Mapped[int]
    outcome: Mapped[DeliveryOutcome]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    duration_ms: Mapped[int]
    at: Mapped[datetime]


class AuditChain(Owned, Written, Base):
    """One link of an organization's audit log; a trigger writes it at commit. Append-only."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("audit_id"),
        CheckConstraint("octet_length(prev_hash) = 32 AND octet_length(hash) = 32", name="hashes_are_sha256"),
    )

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    audit_id: Mapped[UUID]
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditArchiveRow(Owned, Written, Base):
    """The end of an audit log's part that left for a file: up to which link, its hash, the file's SHA-256.

    Append-only, and only the function that removes the part writes it.
    """

    __table_args__ = (
        in_org(),
        CheckConstraint("octet_length(hash) = 32 AND octet_length(digest) = 32", name="hashes_are_sha256"),
    )

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    entries: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)


class AuditRootRow(Owned, Written, Base):
    """What was signed of an audit log: the root of the Merkle tree over its links up to `last_position`. Append-only.

    `day` is the UTC day on which the last of these entries was recorded. Key and signature are base64.
    """

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "first_position"),
        CheckConstraint("first_position BETWEEN 1 AND last_position", name="positions_in_order"),
        CheckConstraint("octet_length(root) = 32", name="root_is_sha256"),
    )

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_position: Mapped[int]
    day: Mapped[date]
    root: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str]
    public_key: Mapped[str]
    signature: Mapped[str]


class CustomerKey(Identified, Owned, Written, Base):
    """What opens the personal data that history holds of a customer; it is deleted when the customer is erased."""

    __table_args__ = (belongs_to("customer"), UniqueConstraint("customer_id"))

    customer_id: Mapped[UUID]
    secret: Mapped[str] = mapped_column(SealedText("customer_key.secret"))

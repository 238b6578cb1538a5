"""Who may call the API, and what its writes were answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from billflow.models.contracts.access import Mode
from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, Written, belongs_to, in_org
from billflow.models.tables.sealed import SealedBytes


class ApiKey(Identified, Owned, Stamped, Base):
    """A key of one organization and one mode; `digest` is the SHA-256 of its secret.

    `rate_limit` is in requests per second. `successor_id` is the key that a rotation made.
    """

    __table_args__ = (
        in_org(),
        belongs_to("api_key", "successor_id"),
        UniqueConstraint("org_id", "id"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        CheckConstraint("cardinality(scopes) > 0", name="scopes_not_empty"),
        CheckConstraint("rate_limit > 0", name="rate_limit_positive"),
    )

    name: Mapped[str]
    mode: Mapped[Mode]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    rate_limit: Mapped[int | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    successor_id: Mapped[UUID | None]


class IdempotencyKey(Owned, Written, Base):
    """A write under an `Idempotency-Key`: running while `status` is empty, and then what it was answered.

    Whoever holds it lets others have it after `held_until`. `fingerprint` is the SHA-256 of the request.
    `subjects` are the ids that path and answer name, by which the answers about an erased customer are found.
    """

    __table_args__ = (
        in_org(),
        CheckConstraint("num_nonnulls(status, headers, body) IN (0, 3)", name="answer_whole"),
        Index("ix_idempotency_key_org_id_expires_at", "org_id", "expires_at"),
    )

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    holder: Mapped[UUID]
    held_until: Mapped[datetime]
    expires_at: Mapped[datetime]
    status: Mapped[int | None]
    headers: Mapped[Json | None]
    body: Mapped[bytes | None] = mapped_column(SealedBytes("idempotency_key.body", row="key"))
    subjects: Mapped[list[str] | None] = mapped_column(ARRAY(Text))

"""Who is signed in to the console."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.contracts.console import ConsoleRole
from billflow.models.tables.base import Base, Identified, Owned, Stamped, in_org


class ConsoleSessionRow(Identified, Owned, Stamped, Base):
    """A session of the console; digests are the SHA-256 of secrets.

    It begins as a link: whoever shows the secret of `link_digest` until `expires_at` signs in, once, and is known by
    that of `digest` from then on, for a moment also by that of `previous_digest`.
    """

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        CheckConstraint("(digest IS NULL) = (signed_in_at IS NULL)", name="known_once_signed_in"),
        CheckConstraint("link_digest IS NULL OR digest IS NULL", name="link_used_once"),
        Index("ix_console_session_org_id_expires_at", "org_id", "expires_at"),
    )

    person: Mapped[str]
    role: Mapped[ConsoleRole]
    csrf_token: Mapped[str]
    link_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    rotated_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

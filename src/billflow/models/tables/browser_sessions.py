"""What every kind of session of a browser has in its rows."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.tables.base import Identified, Owned, Stamped


class BrowserSession(Identified, Owned, Stamped):
    """A session of a browser's; digests are the SHA-256 of secrets.

    One that begins as a link: whoever shows the secret of `link_digest` until `expires_at` signs in, once, and is known
    by that of `digest` from then on, for a moment also by that of `previous_digest`.
    """

    csrf_token: Mapped[str]
    link_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    rotated_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def begins_as_link() -> tuple[CheckConstraint, CheckConstraint]:
    """Return the rules that a session is known once somebody has signed in, and its link is used once."""
    return (
        CheckConstraint("(digest IS NULL) = (signed_in_at IS NULL)", name="known_once_signed_in"),
        CheckConstraint("link_digest IS NULL OR digest IS NULL", name="link_used_once"),
    )

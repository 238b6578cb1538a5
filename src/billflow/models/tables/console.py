"""Who is signed in to the console."""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.models.contracts.console import ConsoleRole
from billflow.models.tables.base import Base, in_org
from billflow.models.tables.browser_sessions import BrowserSession, begins_as_link


class ConsoleSessionRow(BrowserSession, Base):
    """A session of the console: of a person in a role."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        *begins_as_link(),
        Index("ix_console_session_org_id_expires_at", "org_id", "expires_at"),
    )

    person: Mapped[str]
    role: Mapped[ConsoleRole]

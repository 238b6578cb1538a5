"""Links into the customer portal, and the sessions that they begin."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.models.tables.base import Base, belongs_to
from billflow.models.tables.browser_sessions import BrowserSession, begins_as_link


class PortalLinkRow(BrowserSession, Base):
    """A link into the portal for one customer, and its session from then on.

    One with an `origin` opens in frames of that origin's pages, and nowhere else.
    """

    __table_args__ = (
        belongs_to("customer"),
        UniqueConstraint("org_id", "id"),
        *begins_as_link(),
        Index("ix_portal_link_org_id_customer_id", "org_id", "customer_id", "created_at"),
        Index("ix_portal_link_org_id_expires_at", "org_id", "expires_at"),
    )

    customer_id: Mapped[UUID]
    return_url: Mapped[str | None]
    origin: Mapped[str | None]

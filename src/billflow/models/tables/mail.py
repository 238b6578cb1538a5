"""What customers were written."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.models.contracts.mail import Occasion
from billflow.models.tables.base import Base, Identified, Owned, Stamped, belongs_to


class MailRow(Identified, Owned, Stamped, Base):
    """One mail; `key` names the debt and the occasion, so that it is written once. `sent_at` is real time."""

    __table_args__ = (
        belongs_to("customer"),
        belongs_to("invoice"),
        UniqueConstraint("org_id", "key"),
        Index("ix_mail_org_id_created_at", "org_id", "created_at", "id"),
        Index("ix_mail_invoice_id", "invoice_id"),
    )

    customer_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    key: Mapped[str]
    occasion: Mapped[Occasion]
    language: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

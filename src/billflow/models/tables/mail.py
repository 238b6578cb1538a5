"""What customers were written."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from billflow.models.contracts.mail import Occasion
from billflow.models.tables.base import Base, Identified, Owned, Stamped, belongs_to


class MailRow(Identified, Owned, Stamped, Base):
    """One mail about an invoice, a price change, or what a plan will do; or a link into the portal.

    `key` names that and the occasion, so that it is written once. `sent_at` is real time. A link opens for `link_days`.
    """

    __table_args__ = (
        belongs_to("customer"),
        belongs_to("invoice"),
        belongs_to("price_change"),
        belongs_to("customer_plan", "plan_id"),
        CheckConstraint(
            "(num_nonnulls(invoice_id, price_change_id, plan_id) = 1) <> (occasion = 'portal_link')", name="one_subject"
        ),
        CheckConstraint(
            "link_days IS NULL OR link_days BETWEEN 1 AND 30 AND occasion = 'portal_link'", name="link_days"
        ),
        UniqueConstraint("org_id", "key"),
        Index("ix_mail_org_id_created_at", "org_id", "created_at", "id"),
        Index("ix_mail_customer_id_created_at", "customer_id", "created_at", "id"),
        Index("ix_mail_invoice_id", "invoice_id"),
        Index("ix_mail_price_change_id", "price_change_id", "id", postgresql_where="price_change_id IS NOT NULL"),
    )

    customer_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    price_change_id: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]
    key: Mapped[str]
    occasion: Mapped[Occasion]
    language: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    link_days: Mapped[int | None]
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

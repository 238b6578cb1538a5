"""How a customer pays, and the projects and channels whose cost it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.plan import CollectionMethod
from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, belongs_to, is_currency, is_object
from billflow.models.tables.sealed import COMPANY, SealedJson


class BillingAccountRow(Identified, Owned, Stamped, Base):
    """One way to pay, in one currency; each customer has one default."""

    __table_args__ = (
        belongs_to("customer"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("stripe_customer_id"),
        is_currency("currency"),
        Index("uq_billing_account_default", "customer_id", unique=True, postgresql_where="is_default"),
        Index("ix_billing_account_customer_id", "customer_id"),
    )

    customer_id: Mapped[UUID]
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    stripe_customer_id: Mapped[str | None]
    stripe_payment_method_id: Mapped[str | None]
    card_since: Mapped[datetime | None]
    currency: Mapped[str]
    collection_method: Mapped[CollectionMethod] = mapped_column(server_default=CollectionMethod.CHARGE_AUTOMATICALLY)
    invoice_email: Mapped[str | None]
    credits_from: Mapped[datetime] = mapped_column(server_default="2000-01-01 00:00:00+00")
    """No credit that was written before has still to be posted."""


class ProjectRow(Identified, Owned, Stamped, Base):
    """A part of the customer that bills to one of its accounts; its settings override the customer's."""

    __table_args__ = (
        belongs_to("customer"),
        belongs_to("billing_account"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("customer_id", "slug"),
        is_object("settings"),
        Index("ix_project_billing_account_id", "billing_account_id"),
    )

    customer_id: Mapped[UUID]
    billing_account_id: Mapped[UUID]
    slug: Mapped[str]
    name: Mapped[str]
    settings: Mapped[Json] = mapped_column(
        SealedJson("project.settings", COMPANY, older="settings"), server_default="{}"
    )


class ChannelRow(Identified, Owned, Stamped, Base):
    """A channel of a project; its settings override the project's."""

    __table_args__ = (
        belongs_to("project", ondelete="CASCADE"),
        UniqueConstraint("project_id", "name"),
        is_object("settings"),
    )

    project_id: Mapped[UUID]
    name: Mapped[str]
    settings: Mapped[Json] = mapped_column(
        SealedJson("channel.settings", COMPANY, older="settings"), server_default="{}"
    )

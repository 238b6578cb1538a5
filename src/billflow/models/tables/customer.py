"""Who is billed: the customer, its contacts, and what support agreed with it about prices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.customer import DEFAULT_FLAT_DISCOUNT
from billflow.models.contracts.customers import CustomerStatus
from billflow.models.tables.base import (
    Base,
    Identified,
    Json,
    Owned,
    Stamped,
    belongs_to,
    in_org,
    is_currency,
    is_object,
    lowered,
)
from billflow.models.tables.sealed import COMPANY, SealedJson


class CustomerRow(Identified, Owned, Stamped, Base):
    """One customer on exactly one deployment; prices and discounts in minor units of its currency.

    A deleted customer keeps its row for the sake of its invoices, and frees its e-mail and ERP number.
    """

    __table_args__ = (
        in_org(),
        belongs_to("realm"),
        belongs_to("remote_realm"),
        belongs_to("remote_server"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("realm_id"),
        UniqueConstraint("remote_realm_id"),
        UniqueConstraint("remote_server_id"),
        CheckConstraint("num_nonnulls(realm_id, remote_realm_id, remote_server_id) = 1", name="one_deployment"),
        CheckConstraint("(status = 'suspended') = (suspended_at IS NOT NULL)", name="suspended_since_when"),
        CheckConstraint("btrim(name) <> ''", name="has_name"),
        CheckConstraint("email LIKE '%_@_%'", name="has_email"),
        CheckConstraint(
            "least(monthly_discounted_price, annual_discounted_price, flat_discount, flat_discounted_months) >= 0",
            name="discounts_not_negative",
        ),
        CheckConstraint("minimum_licenses > 0", name="minimum_licenses_positive"),
        is_currency("default_currency"),
        *map(is_object, ("settings", "billing_address", "shipping_address", "metadata")),
        Index("uq_customer_email", "org_id", "email_key", unique=True, postgresql_where="deleted_at IS NULL"),
        Index(
            "uq_customer_erp_customer_number",
            "org_id",
            "erp_customer_number",
            unique=True,
            postgresql_where="erp_customer_number IS NOT NULL AND deleted_at IS NULL",
        ),
        Index("ix_customer_org_id_status", "org_id", "status"),
        Index("ix_customer_org_id_created_at", "org_id", "created_at", "id", postgresql_where="deleted_at IS NULL"),
    )

    realm_id: Mapped[UUID | None]
    remote_realm_id: Mapped[UUID | None]
    remote_server_id: Mapped[UUID | None]
    name: Mapped[str]
    email: Mapped[str]
    name_key: Mapped[str] = mapped_column(Text(collation="C"), lowered("name"))
    email_key: Mapped[str] = mapped_column(lowered("email"))
    status: Mapped[CustomerStatus] = mapped_column(server_default=CustomerStatus.ACTIVE)
    suspended_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    settings: Mapped[Json] = mapped_column(
        SealedJson("customer.settings", COMPANY, older="settings"), server_default="{}"
    )
    erp_customer_number: Mapped[str | None]
    default_currency: Mapped[str] = mapped_column(server_default="USD")
    default_language: Mapped[str] = mapped_column(server_default="en-US")
    billing_address: Mapped[Json | None] = mapped_column(SealedJson("customer.billing_address", older="address"))
    shipping_address: Mapped[Json | None] = mapped_column(SealedJson("customer.shipping_address", older="address"))
    metadata_: Mapped[Json] = mapped_column("metadata", server_default="{}")
    required_plan_tier: Mapped[str | None]
    monthly_discounted_price: Mapped[int] = mapped_column(server_default="0")
    annual_discounted_price: Mapped[int] = mapped_column(server_default="0")
    minimum_licenses: Mapped[int | None]
    exempt_from_license_number_check: Mapped[bool] = mapped_column(server_default=text("false"))
    flat_discount: Mapped[int] = mapped_column(server_default=str(DEFAULT_FLAT_DISCOUNT))
    flat_discounted_months: Mapped[int] = mapped_column(server_default="0")
    sponsorship_pending: Mapped[bool] = mapped_column(server_default=text("false"))
    tax_exempt: Mapped[bool] = mapped_column(server_default=text("false"))


class CustomerSearchTerm(Owned, Base):
    """Sixteen letters from any place of a customer's name or e-mail on, in lower case; a trigger writes them."""

    __table_args__ = (belongs_to("customer"),)

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)


class CustomerContact(Identified, Owned, Stamped, Base):
    """A person at a customer; at most one of them is the primary contact."""

    __table_args__ = (
        belongs_to("customer"),
        UniqueConstraint("customer_id", "email_key"),
        Index("uq_customer_contact_primary", "customer_id", unique=True, postgresql_where="is_primary"),
        Index("ix_customer_contact_org_id_email_key", "org_id", "email_key"),
        CheckConstraint("email LIKE '%_@_%'", name="has_email"),
    )

    customer_id: Mapped[UUID]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(lowered("email"))
    name: Mapped[str | None]
    is_primary: Mapped[bool] = mapped_column(server_default=text("false"))

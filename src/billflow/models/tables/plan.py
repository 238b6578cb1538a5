"""What a customer subscribed to: plans, and the offers support made."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.plan import (
    CollectionMethod,
    CutoverStatus,
    InvoicingStatus,
    LicenseManagement,
    PlanStatus,
    Schedule,
)
from billflow.models.contracts.customers import OfferStatus
from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, belongs_to, in_org, is_currency

_LIVE = "status NOT IN ('never_started', 'ended')"
_ONE_PRICE = "num_nonnulls(price_per_license, fixed_price) = 1"
_CUTOVER = "cutover_at IS NULL OR parallel_run_since IS NOT NULL AND cutover_at > parallel_run_since"


class CustomerPlan(Identified, Owned, Stamped, Base):
    """A `domain.plan.Plan` with what the records add to it.

    `seen_*` is the newest seat observation the ledger has taken in. `on_hold_since` keeps a plan unbilled from the
    end of a suspension until the step that resumes it. `price_change_id` is what announced its `next_price`, or its
    price, `coupon_redemption_id` the coupon that its purchase named. `version` rises with each change.
    """

    __table_args__ = (
        in_org(),
        belongs_to("customer"),
        belongs_to("customer_plan", "predecessor_id"),
        belongs_to("customer_plan_offer", "offer_id"),
        belongs_to("test_clock"),
        belongs_to("price_change"),
        belongs_to("coupon_redemption"),
        belongs_to("invoice", "awaiting_invoice_id", use_alter=True, deferrable=True, initially="DEFERRED"),
        UniqueConstraint("org_id", "id"),
        CheckConstraint(_ONE_PRICE, name="one_price"),
        CheckConstraint("least(price_per_license, fixed_price) >= 0", name="price_not_negative"),
        CheckConstraint("(next_price IS NULL) = (next_price_from IS NULL)", name="next_price_whole"),
        CheckConstraint("(status = 'ended') = (ended_at IS NOT NULL)", name="ended_when"),
        CheckConstraint(
            "num_nonnulls(attention_code, attention_message, attention_since) IN (0, 3)", name="attention_whole"
        ),
        CheckConstraint("num_nonnulls(seen_at, seen_members, seen_guests) IN (0, 3)", name="seen_whole"),
        CheckConstraint(_CUTOVER, name="cutover_of_a_parallel_run"),
        CheckConstraint("num_nonnulls(cutover_status, cutover_date) IN (0, 2)", name="cutover_whole"),
        is_currency("currency"),
        Index("uq_customer_plan_live", "customer_id", unique=True, postgresql_where=_LIVE),
        Index(
            "uq_customer_plan_awaiting", "customer_id", unique=True, postgresql_where="awaiting_invoice_id IS NOT NULL"
        ),
        Index("ix_customer_plan_customer_id", "customer_id"),
        Index("ix_customer_plan_org_id_created_at", "org_id", "created_at", "id"),
        Index("ix_customer_plan_org_id_status_next_invoice_date", "org_id", "status", "next_invoice_date"),
        Index("ix_customer_plan_test_clock_id", "test_clock_id", postgresql_where="test_clock_id IS NOT NULL"),
        Index("ix_customer_plan_predecessor_id", "predecessor_id", postgresql_where="predecessor_id IS NOT NULL"),
        Index("ix_customer_plan_price_change_id", "price_change_id", postgresql_where="price_change_id IS NOT NULL"),
        Index("ix_customer_plan_attention", "org_id", postgresql_where="attention_code IS NOT NULL"),
        Index(
            "ix_customer_plan_parallel_run_since",
            "org_id",
            "parallel_run_since",
            postgresql_where="parallel_run_since IS NOT NULL",
        ),
    )

    customer_id: Mapped[UUID]
    tier: Mapped[str]
    schedule: Mapped[Schedule]
    status: Mapped[PlanStatus]
    currency: Mapped[str]
    price_per_license: Mapped[int | None]
    fixed_price: Mapped[int | None]
    license_management: Mapped[LicenseManagement]
    collection_method: Mapped[CollectionMethod]
    billing_cycle_anchor: Mapped[datetime]
    next_invoice_date: Mapped[datetime | None]
    end_date: Mapped[datetime | None]
    discount_percent: Mapped[str | None]
    invoicing_status: Mapped[InvoicingStatus] = mapped_column(server_default=InvoicingStatus.DONE)
    seats_observed_through: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    seen_members: Mapped[int | None]
    seen_guests: Mapped[int | None]
    stale_data_notice_sent: Mapped[bool] = mapped_column(server_default=text("false"))
    review_reminder_sent: Mapped[bool] = mapped_column(server_default=text("false"))
    licenses_without_switch: Mapped[int | None]
    predecessor_id: Mapped[UUID | None]
    offer_id: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    catalog_version: Mapped[int | None]
    next_price: Mapped[int | None]
    next_price_from: Mapped[datetime | None]
    price_change_id: Mapped[UUID | None]
    cycle_coupon: Mapped[str | None]
    cycle_percent_off: Mapped[str | None]
    parallel_run_since: Mapped[datetime | None]
    cutover_at: Mapped[datetime | None]
    cutover_status: Mapped[CutoverStatus | None]
    cutover_date: Mapped[datetime | None]
    old_subscription: Mapped[str | None]
    coupon_redemption_id: Mapped[UUID | None]
    on_hold_since: Mapped[datetime | None]
    attention_code: Mapped[str | None]
    attention_message: Mapped[str | None]
    attention_since: Mapped[datetime | None]
    awaiting_invoice_id: Mapped[UUID | None]
    test_clock_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")
    ledger_from: Mapped[int] = mapped_column(server_default="1")
    ledger_from_at: Mapped[datetime | None]


class CustomerPlanOffer(Identified, Owned, Stamped, Base):
    """Terms that support made for one customer: a yearly fixed price, or prices per license.

    `sent_invoice_id` is the Stripe invoice that support sent for it. `replaced_pricing` is what the customer's pricing
    was before the offer was accepted, should the purchase come to nothing.
    """

    __table_args__ = (
        belongs_to("customer"),
        UniqueConstraint("org_id", "id"),
        is_currency("currency"),
        CheckConstraint("least(fixed_price, monthly_discounted_price, annual_discounted_price) >= 0", name="prices"),
        Index("uq_customer_plan_offer_open", "customer_id", "tier", unique=True, postgresql_where="status = 'open'"),
        Index("ix_customer_plan_offer_customer_id", "customer_id", "created_at"),
    )

    customer_id: Mapped[UUID]
    tier: Mapped[str]
    status: Mapped[OfferStatus] = mapped_column(server_default=OfferStatus.OPEN)
    currency: Mapped[str]
    fixed_price: Mapped[int | None]
    monthly_discounted_price: Mapped[int | None]
    annual_discounted_price: Mapped[int | None]
    minimum_licenses: Mapped[int | None]
    collection_method: Mapped[CollectionMethod] = mapped_column(server_default=CollectionMethod.CHARGE_AUTOMATICALLY)
    days_until_due: Mapped[int | None]
    sent_invoice_id: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    replaced_pricing: Mapped[Json | None]
    closed_at: Mapped[datetime | None]

"""Coupons, and who redeemed them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Numeric, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billflow.domain.coupons import CouponDuration, CouponEnd
from billflow.models.tables.base import Base, Identified, Json, Owned, Stamped, belongs_to, in_org, is_object, lowered


class CouponRow(Identified, Owned, Stamped, Base):
    """A coupon, named by its code whatever the case; it is archived, and never changed otherwise.

    `amount_off` is in minor units by currency. `times_redeemed` counts under the row's lock.
    """

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "code_key"),
        is_object("amount_off"),
        CheckConstraint("(percent_off IS NULL) <> (amount_off = '{}')", name="one_discount"),
        CheckConstraint("percent_off > 0 AND percent_off <= 100", name="percent_off"),
        CheckConstraint("(duration = 'repeating') = (duration_in_months IS NOT NULL)", name="duration_whole"),
        CheckConstraint("times_redeemed BETWEEN 0 AND coalesce(max_redemptions, times_redeemed)", name="redemptions"),
        Index("ix_coupon_org_id_created_at", "org_id", "created_at", "id"),
    )

    code: Mapped[str]
    code_key: Mapped[str] = mapped_column(lowered("code"))
    name: Mapped[str | None]
    percent_off: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    amount_off: Mapped[Json] = mapped_column(server_default="{}")
    duration: Mapped[CouponDuration]
    duration_in_months: Mapped[int | None]
    tiers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    expires_at: Mapped[datetime | None]
    max_redemptions: Mapped[int | None]
    first_purchase_only: Mapped[bool] = mapped_column(server_default=text("false"))
    times_redeemed: Mapped[int] = mapped_column(server_default="0")
    archived_at: Mapped[datetime | None]


class CouponRedemptionRow(Identified, Owned, Stamped, Base):
    """A coupon that a customer has since `at`, or had; written under the customer's lock.

    `months_left` is None for one that is for ever.
    """

    __table_args__ = (
        belongs_to("coupon"),
        belongs_to("customer"),
        UniqueConstraint("org_id", "id"),
        CheckConstraint("months_left >= 0", name="months_left"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_whole"),
        Index("uq_coupon_redemption_customer_id", "customer_id", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_coupon_redemption_customer_id", "customer_id", "at"),
        Index("ix_coupon_redemption_coupon_id", "coupon_id"),
    )

    coupon_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    months_left: Mapped[int | None]
    at: Mapped[datetime]
    actor: Mapped[str]
    reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[CouponEnd | None]

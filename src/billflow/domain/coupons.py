"""Coupons: percent or an amount off, once, for some months or for ever, for one tier or all (rules 34)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from billflow.domain.catalog import Catalog
from billflow.domain.currencies import CURRENCIES, format_amount, in_steps
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.moments import checked_moment
from billflow.domain.money import Rounding, check_price, rounded_quotient
from billflow.domain.plan import Plan, Schedule

MAX_MONTHS = 1200
MAX_REDEMPTIONS = 1_000_000_000
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{1,39}")
_HUNDREDTH = Decimal("0.01")
_HUNDREDTHS = 100
_WHOLE = 10_000
_ALL = Decimal(100)


class CouponDuration(StrEnum):
    """For how long a coupon discounts, in Stripe's words: the first cycle, a number of months, or every cycle."""

    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


class CouponEnd(StrEnum):
    """Why a coupon discounts no further cycle of a customer."""

    USED_UP = "used_up"
    DETACHED = "detached"
    PURCHASE_FAILED = "purchase_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """What a coupon takes off, for whom, and how often it was redeemed; it never changes but to be archived.

    Either `percent_off` is set, above 0 and up to 100 with two decimals, or `amount_off` in minor units by currency.
    Without `tiers` it is for all of them. Whoever redeems it does so before `expires_at`.
    """

    code: str
    name: str | None = None
    percent_off: Decimal | None = None
    amount_off: Mapping[str, int] = field(default_factory=dict)
    duration: CouponDuration = CouponDuration.ONCE
    duration_in_months: int | None = None
    tiers: Sequence[str] = ()
    expires_at: datetime | None = None
    max_redemptions: int | None = None
    first_purchase_only: bool = False
    times_redeemed: int = 0
    archived_at: datetime | None = None

    def __post_init__(self) -> None:
        if not is_code(self.code):
            raise InvalidInput(
                "code must have 2 to 40 characters, of A to Z, digits, - and _; write it as SPRING25.", field="code"
            )
        if (self.percent_off is None) == (not self.amount_off):
            raise InvalidInput(
                "A coupon takes off either a percentage or an amount; name percent_off or amount_off.",
                code="coupon_needs_one_discount",
                field="percent_off",
            )
        if self.percent_off is not None:
            _check_percent(self.percent_off)
        for currency, amount in self.amount_off.items():
            _check_amount(currency, amount)
        _check_duration(self.duration, self.duration_in_months)
        if self.max_redemptions is not None and not 1 <= self.max_redemptions <= MAX_REDEMPTIONS:
            message = f"max_redemptions must lie between 1 and {MAX_REDEMPTIONS}; leave it out for no limit."
            raise InvalidInput(message, field="max_redemptions")
        if self.expires_at is not None:
            checked_moment(self.expires_at, "expires_at")

    @property
    def months(self) -> int | None:
        """Return for how many months it discounts, None for every one; a cycle that begins with one left is whole."""
        if self.duration is CouponDuration.FOREVER:
            return None
        return self.duration_in_months if self.duration is CouponDuration.REPEATING else 1

    @property
    def label(self) -> str:
        """Return what an invoice calls it."""
        return f"{self.name} ({self.code})" if self.name else f"Coupon {self.code}"

    def off(self, currency: str) -> str:
        """Return in words what it takes off a cycle in *currency*."""
        if self.percent_off is None:
            return f"{format_amount(self.amount_off[currency], currency)} off"
        return f"{percent_text(self.percent_off)}% off"


def is_code(text: str) -> bool:
    """Tell whether a coupon can have *text* as its code."""
    return _CODE.fullmatch(text) is not None


def _check_percent(percent: Decimal) -> None:
    if not percent.is_finite() or not 0 < percent <= _ALL or percent % _HUNDREDTH:
        message = "percent_off must lie above 0 and at most at 100, with two decimals at most; correct it."
        raise InvalidInput(message, field="percent_off")


def _check_amount(currency: str, amount: int) -> None:
    if currency not in CURRENCIES:
        message = f"amount_off names {currency!r}, which is no ISO 4217 currency; use a code such as USD."
        raise InvalidInput(message, code="unknown_currency", field="amount_off")
    check_price(amount, "amount_off", least=1)
    in_steps(amount, currency, "amount_off")


def _check_duration(duration: CouponDuration, months: int | None) -> None:
    repeating = duration is CouponDuration.REPEATING
    if repeating != (months is not None):
        message = "A repeating coupon names duration_in_months, and no other does; name both or neither."
        raise InvalidInput(message, code="duration_unclear", field="duration_in_months")
    if months is not None and not 1 <= months <= MAX_MONTHS:
        raise InvalidInput(f"duration_in_months must lie between 1 and {MAX_MONTHS}.", field="duration_in_months")


def percent_text(percent: Decimal) -> str:
    """Write a percentage without needless zeros: 12.5, 20."""
    return f"{percent.normalize():f}"


def check_coupon(coupon: Coupon, catalog: Catalog, at: datetime) -> None:
    """Refuse a new coupon that nobody could redeem; raises `InvalidInput`."""
    for code in coupon.tiers:
        catalog.tier(code, "tiers").check_billable("tiers", "name tiers that are")
    if coupon.expires_at is not None and coupon.expires_at <= at:
        raise InvalidInput("expires_at must lie in the future.", code="coupon_expired", field="expires_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedCoupon:
    """A coupon that a customer has, and for how many months yet; None means for ever."""

    redemption_id: str
    coupon: Coupon
    months_left: int | None

    def discounts(self, plan: Plan) -> bool:
        """Tell whether it takes something off a cycle of *plan* that begins now."""
        coupon = self.coupon
        if plan.fixed_price is not None or self.months_left == 0:
            return False
        of_tier = not coupon.tiers or plan.tier in coupon.tiers
        return of_tier and (coupon.percent_off is not None or plan.currency in coupon.amount_off)

    def off_cycle(self, amount: int, plan: Plan) -> int:
        """Return what it takes off a cycle of *plan* that costs *amount*, in minor units, 0 where that is nothing."""
        if not self.discounts(plan):
            return 0
        percent, step = self.coupon.percent_off, CURRENCIES[plan.currency].step
        if percent is None:
            return min(self.coupon.amount_off[plan.currency], amount)
        return -rounded_quotient(-amount * int(percent * _HUNDREDTHS), _WHOLE, Rounding.HALF_UP, step)

    @property
    def recurs(self) -> bool:
        """Tell whether it is for more than one cycle."""
        return self.coupon.duration is not CouponDuration.ONCE

    def months_for(self, schedule: Schedule) -> int:
        """Return how many months one cycle uses up; a coupon that is for ever counts none."""
        return 0 if self.months_left is None else min(self.months_left, schedule.months)

    def spent(self, months: int) -> "AttachedCoupon | None":
        """Return what is left of it after *months*, None where that is nothing."""
        if self.months_left is None or not months:
            return self
        left = self.months_left - months
        return replace(self, months_left=left) if left else None


@dataclass(frozen=True, slots=True)
class CouponUse:
    """What an invoice uses of a coupon: a redemption, and how many months of it; none of one that is for ever."""

    redemption_id: str
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemer:
    """Who wants to redeem a coupon, and for which tier, None where no plan is named yet."""

    currency: str
    had_plan: bool
    has_coupon: str | None = None
    tier: str | None = None
    fixed_price: bool = False


def check_redeemable(coupon: Coupon, who: Redeemer, at: datetime) -> None:
    """Refuse a coupon that is over or used up, or not for this customer; raises `Refused` (rules 34.2)."""
    code, most = coupon.code, coupon.max_redemptions
    if coupon.archived_at is not None or (coupon.expires_at is not None and coupon.expires_at <= at):
        message = f"The coupon {code} is over; leave it out, or name another."
        raise Refused(message, code="coupon_expired", field="coupon")
    if most is not None and coupon.times_redeemed >= most:
        message = f"The coupon {code} was redeemed by {most} customers, as many as may; leave it out, or name another."
        raise Refused(message, code="coupon_used_up", field="coupon")
    if who.has_coupon is not None:
        message = f"The customer has the coupon {who.has_coupon} already; leave this one out, or detach that first."
        raise Refused(message, code="coupon_attached", field="coupon")
    if coupon.first_purchase_only and who.had_plan:
        message = f"The coupon {code} is for a first purchase, and the customer had a plan; leave it out."
        raise Refused(message, code="coupon_first_purchase_only", field="coupon")
    _check_suits(coupon, who)


def _check_suits(coupon: Coupon, who: Redeemer) -> None:
    code = coupon.code
    if coupon.percent_off is None and who.currency not in coupon.amount_off:
        known = " and ".join(sorted(coupon.amount_off))
        message = f"The coupon {code} is over {known}, and the customer pays in {who.currency}; name another."
        raise Refused(message, code="coupon_other_currency", field="coupon")
    if who.tier is not None and coupon.tiers and who.tier not in coupon.tiers:
        message = f"The coupon {code} is for {' and '.join(coupon.tiers)}, not for {who.tier}; leave it out."
        raise Refused(message, code="coupon_other_tier", field="coupon")
    if who.fixed_price:
        message = f"The coupon {code} takes nothing off a fixed price; leave it out."
        raise Refused(message, code="coupon_without_effect", field="coupon")

"""What a customer is charged: discounts, minimums and exemptions that support agreed with them."""

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from billflow.domain.catalog import Catalog, Hosting, Tier
from billflow.domain.coupons import AttachedCoupon, Redeemer
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.money import Rounding, rounded
from billflow.domain.plan import Schedule
from billflow.domain.tax.policy import UNKNOWN_TAXPAYER, Taxpayer

DEFAULT_FLAT_DISCOUNT = 2000
GRANTED_DISCOUNT_MONTHS = 12
"""Months of flat discount that a new self-hosted customer has; one in the cloud has none (rules 14)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTerms:
    """The pricing configuration of one customer; amounts in minor units of its currency.

    Discounted prices count only for `required_plan_tier`; 0 means none. `flat_discount` is taken off per month for
    the `flat_discounted_months` that are left. While `suspended_since` is set nothing is charged.
    `card_since` is when a card came on file, None while there is none. `coupon` is the one that discounts the next
    cycle, `taxpayer` what decides on its tax.
    """

    id: str
    hosting: Hosting
    currency: str = "USD"
    required_plan_tier: str | None = None
    monthly_discounted_price: int = 0
    annual_discounted_price: int = 0
    minimum_licenses: int | None = None
    exempt_from_license_number_check: bool = False
    flat_discount: int = DEFAULT_FLAT_DISCOUNT
    flat_discounted_months: int = 0
    suspended_since: datetime | None = None
    stripe_customer_id: str | None = None
    card_since: datetime | None = None
    had_plan: bool = False
    coupon: AttachedCoupon | None = None
    taxpayer: Taxpayer = UNKNOWN_TAXPAYER

    def discounted_price(self, tier: str, schedule: Schedule) -> int | None:
        """Return the agreed price for that tier and schedule, or None where list price holds (rules 14)."""
        if tier != self.required_plan_tier:
            return None
        agreed = {Schedule.ANNUAL: self.annual_discounted_price, Schedule.MONTHLY: self.monthly_discounted_price}
        return agreed.get(schedule) or None

    def with_months_spent(self, months: int) -> "CustomerTerms":
        """Return the terms with that many flat-discount months fewer."""
        return replace(self, flat_discounted_months=self.flat_discounted_months - months) if months else self


def redeemer(customer: CustomerTerms, *, tier: str | None = None, fixed_price: bool = False) -> Redeemer:
    """Return what a coupon asks of the customer, for a plan of *tier* where one is named."""
    return Redeemer(
        currency=customer.currency,
        had_plan=customer.had_plan,
        has_coupon=customer.coupon.coupon.code if customer.coupon else None,
        tier=tier,
        fixed_price=fixed_price,
    )


def check_agreement(catalog: Catalog, hosting: Hosting, tier: str | None, *, discounted: bool) -> None:
    """Refuse prices that could never count: without a tier, or for one this customer can't pay for (rules 18).

    Raises `InvalidInput` or `Refused`.
    """
    if tier is None:
        if discounted:
            raise InvalidInput(
                "A discounted price is for one tier; name it.", code="no_required_tier", field="required_plan_tier"
            )
        return
    agreed = catalog.tier(tier, "required_plan_tier")
    agreed.check_sold_for(hosting, "required_plan_tier")
    agreed.check_billable("required_plan_tier", "name a tier that is")


def check_minimum(minimum: int | None, *, discounted: bool, has_paid_plan: bool) -> None:
    """Refuse a new minimum of licenses for a plan that runs, or without a discounted price (rules 18)."""
    if has_paid_plan:
        raise Refused(
            "The minimum of licenses can't change while a plan runs; agree on it before the next one.",
            code="plan_is_live",
            field="minimum_licenses",
        )
    if minimum is not None and not discounted:
        raise InvalidInput(
            "A minimum of licenses goes with a discounted price; name one.",
            code="no_discounted_price",
            field="minimum_licenses",
        )


@dataclass(frozen=True, slots=True)
class Price:
    """A frozen price per license and, for display only, what it is below list in percent."""

    amount: int
    percent_off: str | None


def price_per_license(
    catalog: Catalog, tier: str, schedule: Schedule, currency: str, customer: CustomerTerms | None
) -> Price:
    """Return what a new plan costs per license and cycle: the agreed price, else list (rules 2 and 14)."""
    listed = catalog.tier(tier).price(schedule, currency)
    agreed = customer.discounted_price(tier, schedule) if customer else None
    return Price(listed, None) if agreed is None else Price(agreed, percent_off(listed, agreed))


def percent_off(listed: int, agreed: int) -> str | None:
    """Write the discount with no decimals where it is whole, else two (display only, rules 14); None where it is 0."""
    if listed <= 0 or agreed == listed:
        return None
    percent = Fraction(100 * (listed - agreed), listed)
    if percent.denominator == 1:
        return str(percent.numerator)
    whole, rest = divmod(rounded(abs(percent) * 100, Rounding.HALF_UP), 100)
    return f"{'-' if percent < 0 else ''}{whole}.{rest:02d}"


def minimum_licenses(tier: Tier, customer: CustomerTerms | None, *, trial_by_invoice: bool = False) -> int:
    """Return the fewest licenses this customer may hold of *tier* (rules 2).

    The customer's own minimum wins, even when lower. A tier with a `flat_discount_minimum_cap` asks for as many as make
    the flat discount smaller than the bill, up to there; for a trial bought by invoice that is always the usual
    discount. In a currency without a list price only fixed prices are sold, and any number will do.
    """
    if customer and customer.minimum_licenses:
        return customer.minimum_licenses
    cap = tier.flat_discount_minimum_cap
    if not cap:
        return tier.minimum_licenses
    usual = customer is None or trial_by_invoice
    if customer and not usual and not customer.flat_discounted_months:
        return 1
    discount = customer.flat_discount if customer and not usual else DEFAULT_FLAT_DISCOUNT
    monthly = tier.prices.get(customer.currency if customer else "USD", {}).get(Schedule.MONTHLY)
    return tier.minimum_licenses if monthly is None else min(cap, discount // max(monthly, 1) + 1)

"""What a plan's row renews at, without what a coupon takes off and without tax that its prices contain."""

from datetime import datetime
from fractions import Fraction

from billflow.domain.coupons import AttachedCoupon
from billflow.domain.errors import Refused
from billflow.domain.revenue import recurring_revenue
from billflow.domain.tax.amounts import net_share
from billflow.domain.tax.policy import TaxPolicy
from billflow.models.tables import CustomerPlan, CustomerRow
from billflow.store.plans.mapping import plan_of, taxpayer_of


def net_share_of(customer: CustomerRow, tax: TaxPolicy, at: datetime) -> Fraction:
    """Return which part of the customer's prices is no tax, all where it can't be told yet (rules 37.4)."""
    try:
        return net_share(tax.treatment(taxpayer_of(customer), at))
    except Refused:
        return Fraction(1)


def renews_at(  # noqa: PLR0913  (each is a number of the formula)
    row: CustomerPlan,
    licenses: int,
    *,
    add_ons: int,
    coupon: AttachedCoupon | None,
    share: Fraction,
    months: int = 1,
    price: int | None = None,
) -> int:
    """Return what a plan renews at with *licenses*, for *months* in minor units (rules 32).

    *price* per license is the plan's own unless another is named.
    """
    per_license = row.price_per_license if price is None else price
    return recurring_revenue(
        row.status,
        row.schedule,
        price_per_license=per_license,
        fixed_price=row.fixed_price,
        licenses=licenses,
        add_ons=add_ons,
        off=_off(row, (per_license or 0) * licenses, coupon),
        net_share=share,
        months=months,
    )


def _off(row: CustomerPlan, amount: int, coupon: AttachedCoupon | None) -> int:
    """Return what a coupon takes off each cycle to come; one for a single cycle recurs no month (rules 32)."""
    return 0 if coupon is None or not coupon.recurs else coupon.off_cycle(amount, plan_of(row))

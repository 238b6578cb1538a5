"""The discount of a subscription as the coupon that its customer has here."""

from datetime import UTC, datetime
from typing import Any

from billflow.domain.calendar import add_months
from billflow.domain.errors import Refused
from billflow.domain.plan import Schedule
from billflow.imports.price_map import PriceMap
from billflow.imports.stripe_customers import without_nothing
from billflow.imports.stripe_objects import AccountObjects, Obj


def coupon_of(objects: AccountObjects, subscription: Obj, plan: dict[str, Any], prices: PriceMap) -> dict[str, Any]:
    """Return the customer's coupon with the months that are left of it; nothing where the next period has none."""
    customer = objects.get("customers", subscription["customer"]) or {}
    discounts = subscription.get("discounts") or [one for one in [customer.get("discount")] if one]
    if not discounts:
        return {}
    if len(discounts) > 1:
        raise Refused(
            "The subscription has several discounts; a customer has one coupon here.", code="several_discounts"
        )
    coupon = _coupon(objects, discounts[0])
    left = _months_left(discounts[0].get("end"), plan)
    if left == 0:
        return {}
    code = str(prices.coupons.get(coupon["id"], coupon["id"]))
    return without_nothing({"coupon": code, "coupon_months_left": left, "coupon_terms": _terms(code, coupon)})


def _coupon(objects: AccountObjects, discount: Obj | str) -> Obj:
    """Return what a discount is by; raises `Refused` where the export has its id alone, or lacks the coupon."""
    if isinstance(discount, str):
        message = "The discount is there by its id alone; let --read fetch it, or export it expanded."
        raise Refused(message, code="coupon_not_read")
    held = (discount.get("source") or discount)["coupon"]
    coupon = held if isinstance(held, dict) else objects.get("coupons", held)
    if coupon is None:
        raise Refused("The discount's coupon was not read; read the account again.", code="coupon_not_read")
    return coupon


def _months_left(end: int | None, plan: dict[str, Any]) -> int | None:
    """Return the months of the periods that begin before the discount ends; None for one without an end."""
    if end is None:
        return None
    months, ends = Schedule(plan["schedule"]).months, datetime.fromtimestamp(end, UTC)
    first, periods = datetime.fromisoformat(plan["period_end"]), 0
    while add_months(first, periods * months) < ends:
        periods += 1
    return periods * months


def _terms(code: str, coupon: Obj) -> dict[str, Any]:
    """Return the coupon to make where there is none of that code yet."""
    months = coupon.get("duration_in_months")
    return without_nothing(
        {
            "code": code,
            "name": coupon.get("name"),
            "percent_off": None if coupon.get("percent_off") is None else str(coupon["percent_off"]),
            "amount_off": {coupon["currency"].upper(): coupon["amount_off"]} if coupon.get("amount_off") else None,
            "duration": coupon["duration"],
            "duration_in_months": months,
        }
    )

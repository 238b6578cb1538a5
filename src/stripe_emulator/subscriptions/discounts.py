"""Discounts: a coupon on a subscription, what it takes off an invoice's lines, and when it is over."""

from decimal import ROUND_HALF_UP, Decimal

from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.subscriptions.periods import step
from stripe_emulator.types import Obj

MONTH = {"interval": "month", "interval_count": 1}


def attach(unit: Unit, subscription: Obj, given: list[Obj], at: int) -> None:
    """Put coupons on a subscription in place of those it has; raises StripeError for one that can't be redeemed."""
    kept = []
    for n, wanted in enumerate(given):
        if wanted.get("promotion_code"):
            raise invalid("Promotion codes are not simulated by the emulator.", param=f"discounts[{n}]")
        known = wanted.get("discount")
        kept.append(known if known in subscription["discounts"] else _new(unit, subscription, wanted, n, at)["id"])
    for gone in set(subscription["discounts"]) - set(kept):
        remove(unit, subscription, gone)
    subscription["discounts"] = kept


def _new(unit: Unit, subscription: Obj, wanted: Obj, n: int, at: int) -> Obj:
    coupon = unit.get("coupon", wanted.get("coupon") or "", f"discounts[{n}][coupon]")
    if not coupon["valid"] or (coupon["redeem_by"] or at) < at:
        raise invalid(f"Coupon {coupon['id']} is expired and cannot be applied.", code="coupon_expired")
    if coupon["currency"] not in (None, subscription["currency"]):
        raise invalid("The coupon has another currency than the subscription.", param=f"discounts[{n}][coupon]")
    coupon["times_redeemed"] += 1
    coupon["valid"] = coupon["max_redemptions"] is None or coupon["times_redeemed"] < coupon["max_redemptions"]
    unit.save(coupon)
    discount = unit.blank("discount")
    discount.update(customer=subscription["customer"], subscription=subscription["id"], start=at)
    discount["source"] = {"coupon": coupon["id"], "type": "coupon"}
    if coupon["duration"] == "repeating":
        discount["end"] = step(at, MONTH, coupon["duration_in_months"])
    unit.add(discount)
    unit.emit("customer.discount.created", discount)
    return discount


def remove(unit: Unit, subscription: Obj, discount_id: str) -> None:
    """Take a discount off a subscription."""
    subscription["discounts"] = [one for one in subscription["discounts"] if one != discount_id]
    discount = unit.find(discount_id, "discount")
    if discount is not None:
        unit.remove(discount)
        unit.emit("customer.discount.deleted", discount)


def apply(unit: Unit, subscription: Obj, lines: list[Obj], at: int) -> list[str]:
    """Take the discounts that hold at a moment off lines, one after the other; return their ids.

    One that holds once is over afterwards, and one that has ended is taken off.
    """
    used = []
    for discount_id in list(subscription["discounts"]):
        discount = unit.get("discount", discount_id)
        coupon = _coupon_of(unit, discount)
        if discount["end"] is not None and discount["end"] <= at:
            remove(unit, subscription, discount_id)
            continue
        _take_off(lines, discount_id, coupon)
        used.append(discount_id)
        if coupon["duration"] == "once":
            subscription["discounts"] = [one for one in subscription["discounts"] if one != discount_id]
    return used


def _coupon_of(unit: Unit, discount: Obj) -> Obj:
    """Return a discount's coupon: one that was deleted goes on taking off what it took off before."""
    coupon_id = discount["source"]["coupon"]
    return unit.find_deleted(coupon_id, "coupon") or unit.get("coupon", coupon_id)


def _take_off(lines: list[Obj], discount_id: str, coupon: Obj) -> None:
    left = coupon["amount_off"] or 0
    for line in lines:
        rest = line["amount"] - sum(one["amount"] for one in line["discount_amounts"])
        if coupon["percent_off"] is not None:
            share = Decimal(rest) * Decimal(str(coupon["percent_off"])) / 100
            amount = int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))
        else:
            # [assume] an amount is taken off the first lines as far as they go.
            amount = min(left, rest)
            left -= amount
        line["discount_amounts"].append({"amount": amount, "discount": discount_id})

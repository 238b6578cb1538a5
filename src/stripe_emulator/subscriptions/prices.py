"""Stored prices: make them, find them, and show them as items and lines do."""

from decimal import Decimal

from stripe_emulator.engine import fields, money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, invalid
from stripe_emulator.types import Obj

UNSIMULATED = ("billing_scheme", "custom_unit_amount", "currency_options", "tiers", "tiers_mode", "transform_quantity")
LONGEST_YEARS = 3


def check(params: Obj) -> None:
    """Raise StripeError for a price that is not one amount for each unit, or recurs less than every three years."""
    if params.get("billing_scheme") not in (None, "per_unit"):
        raise invalid("billing_scheme=tiered is not simulated by the emulator.", param="billing_scheme")
    for name in UNSIMULATED[1:]:
        if params.get(name):
            raise invalid(f"{name} is not simulated by the emulator.", param=name)
    money.check_currency(params["currency"])
    fields.exclusive(params, ("unit_amount", "unit_amount_decimal"))
    recurring = params.get("recurring") or {}
    longest = {"day": 1095, "week": 156, "month": 36, "year": LONGEST_YEARS}[recurring.get("interval", "year")]
    if not 1 <= (recurring.get("interval_count") or 1) <= longest:
        raise invalid(
            f"The maximum interval is three years: at most {longest} here.", param="recurring[interval_count]"
        )


def new_price(unit: Unit, params: Obj, product: str) -> Obj:
    """Store a price of a product; raises StripeError without an amount."""
    stated = params.get("unit_amount_decimal") if params.get("unit_amount") is None else params["unit_amount"]
    if stated is None:
        raise invalid("Missing required param: unit_amount.", code="parameter_missing", param="unit_amount")
    price = unit.blank("price")
    price.update(active=params.get("active") is not False, billing_scheme="per_unit", currency=params["currency"])
    price.update(product=product, lookup_key=params.get("lookup_key"), nickname=params.get("nickname"), metadata={})
    price.update(unit_amount_decimal=money.plain(Decimal(stated)), tax_behavior=params.get("tax_behavior"))
    price["unit_amount"] = int(Decimal(stated)) if Decimal(stated) % 1 == 0 else None
    price["recurring"] = _recurring(params.get("recurring"))
    price["type"] = "recurring" if price["recurring"] else "one_time"
    price["tax_behavior"] = price["tax_behavior"] or "unspecified"
    fields.merge_metadata(price, params)
    unit.add(price)
    unit.emit("price.created", price)
    return price


def _recurring(given: Obj | None) -> Obj | None:
    if given is None:
        return None
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count") or 1,
        "meter": given.get("meter"),
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": given.get("usage_type") or "licensed",
    }


def recurring_price(unit: Unit, given: Obj, param: str) -> Obj:
    """Return the price that an item names or describes; raises StripeError for one that can't be subscribed to."""
    if given.get("price_data"):
        data = given["price_data"]
        product = unit.get("product", data["product"], f"{param}[price_data][product]")
        return new_price(unit, {**data, "active": False}, product["id"])
    identifier = given.get("price") or given.get("plan")
    if not identifier:
        raise invalid(f"Missing required param: {param}[price].", code="parameter_missing", param=f"{param}[price]")
    price = unit.get("price", identifier, f"{param}[price]")
    if not price["active"]:
        raise invalid(f"The price specified is inactive. This field only accepts active prices: {price['id']}.")
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param=f"{param}[price]",
        )
    return price


def legacy_plan(price: Obj) -> Obj:
    """Return the older shape of a recurring price, which items still show beside it."""
    recurring = price["recurring"]
    same = ("id", "active", "billing_scheme", "created", "currency", "livemode", "metadata", "nickname", "product")
    return {
        **{name: price[name] for name in same},
        **{name: recurring[name] for name in ("interval", "interval_count", "meter", "trial_period_days")},
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "tiers_mode": None,
        "transform_usage": None,
        "usage_type": recurring["usage_type"],
    }


def in_use(noun: str) -> StripeError:
    """Build the 400 of deleting what something else still names."""
    return invalid(f"This {noun} cannot be deleted because it has one or more user-created prices.")

"""Prorations: what a change within a period gives back and charges, as pending items of the next invoice or the last.

[assume: discounts of the subscription take nothing off them]
"""

from datetime import UTC, datetime

from stripe_emulator.engine import money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import items as invoice_items
from stripe_emulator.invoicing.pricing import Price
from stripe_emulator.types import Obj


def are_wanted(subscription: Obj, params: Obj) -> bool:
    """Tell whether a change of items is prorated; raises StripeError for a way that is not simulated."""
    behavior = params.get("proration_behavior") or "create_prorations"
    if behavior == "none" or subscription["status"] == "trialing":
        return False
    if behavior == "always_invoice":
        raise invalid(
            "An invoice at once is not simulated: pass proration_behavior=create_prorations or none.",
            param="proration_behavior",
        )
    return True


def prorate(unit: Unit, subscription: Obj, before: Obj | None, after: Obj | None) -> None:
    """Give back the rest of the period of an item as it was, and charge that of the item as it is, where it changed."""
    now = unit.now(subscription["test_clock"])
    if before and after and (before["price"]["id"], before["quantity"]) == (after["price"]["id"], after["quantity"]):
        return
    if before is not None:
        _add(unit, subscription, before, now, "Unused")
    if after is not None:
        _add(unit, subscription, after, now, "Remaining")


def _add(unit: Unit, subscription: Obj, item: Obj, now: int, which: str) -> None:
    start, end = item["current_period_start"], item["current_period_end"]
    price, quantity = item["price"], item["quantity"]
    if quantity is None or now >= end:
        return
    amount = money.part(money.product(price["unit_amount_decimal"], str(quantity)), end - now, end - start)
    amount = -amount if which == "Unused" else amount
    product = unit.get("product", price["product"])
    day = datetime.fromtimestamp(now, UTC)
    text = f"{which} time on {quantity} × {product['name']} after {day:%d %b %Y}"
    asked = {"amount": amount, "description": text, "period": {"start": now, "end": end}, "discountable": False}
    customer = unit.get("customer", subscription["customer"])
    at_price = Price(amount, price["unit_amount_decimal"], str(quantity), price["product"])
    made = invoice_items.new_item(unit, customer, asked, at_price, subscription["currency"])
    made["pricing"]["price_details"]["price"] = price["id"]
    details = {"subscription": subscription["id"], "subscription_item": item["id"]}
    made.update(proration=True, parent={"type": "subscription_details", "subscription_details": details})
    invoice_items.add_item(unit, made)

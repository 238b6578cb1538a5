"""Prorations: what of a changed item was not used comes off, what remains of its period is added, both pending.

They go onto the subscription's next invoice, or the last one where it ends with its period. [assume: discounts of the
subscription take nothing off them]
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from stripe_emulator.engine.unit import Unit
from stripe_emulator.invoicing.items import make_item
from stripe_emulator.types import Obj

Held = tuple[Obj, int | None]
"""A price and how many of it an item has."""


def held_by(item: Obj) -> Held:
    """Return what an item has."""
    return item["price"], item["quantity"]


def prorate(unit: Unit, subscription: Obj, item: Obj, before: Held) -> None:
    """Make the pending items of a change, none where price and quantity stay."""
    now, after = unit.now(subscription["test_clock"]), held_by(item)
    if before[0]["id"] == after[0]["id"] and before[1] == after[1]:
        return
    begin, end = item["current_period_start"], item["current_period_end"]
    share = Decimal(end - now) / Decimal(end - begin)
    for sign, text, held in ((-1, "Unused time on", before), (1, "Remaining time on", after)):
        _make(unit, subscription, item, (sign * share, text, held), (now, end))


def _make(unit: Unit, subscription: Obj, item: Obj, part: tuple[Decimal, str, Held], period: tuple[int, int]) -> None:
    share, text, (price, quantity) = part
    customer, product = unit.get("customer", subscription["customer"]), unit.get("product", price["product"])
    whole = Decimal(price["unit_amount_decimal"]) * (quantity or 0)
    on = datetime.fromtimestamp(period[0], UTC)
    params = {
        "amount": int((whole * share).quantize(Decimal(1), ROUND_HALF_UP)),
        "quantity": quantity,
        "description": f"{text} {quantity} × {product['name']} after {on.day} {on:%b %Y}",
        "discountable": False,
        "period": {"start": period[0], "end": period[1]},
    }
    made = make_item(unit, customer, params, subscription["currency"], None)
    of = {"subscription": subscription["id"], "subscription_item": item["id"]}
    made.update(proration=True, parent={"type": "subscription_details", "subscription_details": of})
    unit.save(made)

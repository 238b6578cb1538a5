"""Work out what a line costs from the ways a request may say it."""

from dataclasses import dataclass
from decimal import Decimal

from stripe_emulator.engine import fields, money
from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

WAYS = ("amount", "unit_amount_decimal", "unit_amount", "price_data", "pricing", "price")


@dataclass(frozen=True, slots=True)
class Price:
    """A line's amount in minor units, and how it came about; decimals are text."""

    amount: int
    unit_amount: str
    quantity: str
    product: str | None = None

    def pricing(self) -> Obj:
        """Return the `pricing` member of items and lines."""
        shown: Obj = {"type": "price_details", "unit_amount_decimal": self.unit_amount}
        if self.product is not None:
            shown["price_details"] = {"price": f"price_{self.product}", "product": self.product}
        return shown


def check(params: Obj) -> None:
    """Raise StripeError unless a price is given in one way only, and one that is simulated."""
    fields.exclusive(params, WAYS)
    fields.exclusive(params, ("quantity", "quantity_decimal"))
    data = params.get("price_data") or {}
    fields.exclusive(data, ("unit_amount", "unit_amount_decimal"), "price_data")
    if params.get("pricing") or params.get("price"):
        raise invalid("Stored prices are not simulated: use amount or price_data.", param="pricing")
    for name in ("quantity", "quantity_decimal"):
        if params.get(name) is not None and Decimal(params[name]) < 0:
            raise invalid(f"Invalid {name}: must be greater than or equal to 0", param=name)
    period = params.get("period")
    if period and period["end"] < period["start"]:
        raise invalid("Invalid period: the end must not be before the start.", param="period")


def price_of(params: Obj, currency: str) -> Price:
    """Return the price of a line in the invoice's currency; raises StripeError for another one or none."""
    quantity = Decimal(params.get("quantity_decimal") or params.get("quantity") or 1)
    if params.get("quantity") == 0:
        quantity = Decimal(0)
    if params.get("amount") is not None:
        amount = params["amount"]
        money.check_step(amount, currency)
        unit_amount = Decimal(amount) / quantity if quantity else Decimal(amount)
        return Price(amount, money.plain(round(unit_amount, 12)), money.plain(quantity))
    data = params.get("price_data") or params
    if data.get("currency") not in (None, currency):
        raise invalid(
            f"The price's currency ({data['currency']}) must be the invoice's ({currency}).",
            param="price_data[currency]",
        )
    stated = data.get("unit_amount_decimal") or data.get("unit_amount")
    if stated is None:
        raise invalid(
            "Missing required param: amount. Give amount, unit_amount_decimal or price_data.",
            code="parameter_missing",
            param="amount",
        )
    amount = money.product(str(stated), str(quantity))
    money.check_step(amount, currency)
    product = data.get("product") or ("prod_inline" if data.get("product_data") else None)
    return Price(amount, money.plain(Decimal(stated)), money.plain(quantity), product)

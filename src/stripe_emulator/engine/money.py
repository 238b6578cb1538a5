"""Money in minor units: amounts of lines, currencies and the least that can be charged."""

from decimal import ROUND_HALF_UP, Decimal

from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

MAX_AMOUNT = 999_999_999_999
# [assume] the least charge by currency; zero-decimal and three-decimal ones are in their own minor units.
MINIMUM_CHARGES = {
    "aud": 50,
    "cad": 50,
    "chf": 50,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "jpy": 50,
    "krw": 500,
    "kwd": 150,
    "bhd": 200,
    "nok": 300,
    "pln": 200,
    "sek": 300,
    "usd": 50,
}
THREE_DECIMALS = {"bhd", "kwd"}
ZERO_DECIMALS = {"jpy", "krw"}


def check_currency(currency: str | None) -> None:
    """Raise StripeError unless the currency is one of the known ones, in lower case."""
    if currency is not None and currency not in MINIMUM_CHARGES:
        known = ", ".join(sorted(MINIMUM_CHARGES))
        raise invalid(f"Invalid currency: {currency}. Use one of {known}.", param="currency")


def check_amount(amount: int, currency: str, param: str = "amount") -> None:
    """Raise StripeError for an amount that cannot be charged, such as fractions of a ten in KWD."""
    if currency in THREE_DECIMALS and amount % 10:
        raise invalid(f"Invalid integer: {amount} must end in 0 in {currency}.", param=param)
    if abs(amount) > MAX_AMOUNT:
        raise invalid(f"Amount must be no more than {MAX_AMOUNT}", code="amount_too_large", param=param)


def product(unit_amount: str, quantity: str) -> int:
    """Return unit amount times quantity, rounded half away from zero to a whole minor unit [assume: rounding]."""
    return int((Decimal(unit_amount) * Decimal(quantity)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def plain(number: Decimal) -> str:
    """Return a decimal as Stripe prints it: no exponent, no trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def exclusive_tax(lines: list[Obj]) -> int:
    """Return the tax that comes on top of the lines' amounts."""
    taxes = [tax for line in lines for tax in line["taxes"] or []]
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")

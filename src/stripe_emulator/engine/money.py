"""Money in minor units: amounts of lines, currencies and the least that can be charged."""

from decimal import ROUND_HALF_UP, Decimal

from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

_TWO_DECIMALS = (
    "aed afn all amd aoa ars aud awg azn bam bbd bdt bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc"
    " cup cve czk dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl htg huf idr ils inr"
    " irr isk jmd kes kgs khr kpw kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mru mur mvr mwk mxn myr"
    " mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sdg sek sgd shp sle sos"
    " srd ssp stn syp szl thb tjs tmt top try ttd twd tzs uah ugx usd uyu uzs ved ves wst xcd yer zar zmw"
)
_NO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DECIMALS = "bhd iqd jod kwd lyd omr tnd"
DECIMALS = {
    code: decimals
    for decimals, codes in enumerate((_NO_DECIMALS, "", _TWO_DECIMALS, _THREE_DECIMALS))
    for code in codes.split()
}
"""Decimals of each currency in amounts of the API [assume: all of ISO 4217; an account takes those of its country].

Source of this and what follows: https://docs.stripe.com/currencies.
"""

STEPS = {"isk": 100, "ugx": 100, **dict.fromkeys(_THREE_DECIMALS.split(), 10)}
"""What amounts must be a multiple of, where that is not 1."""

MAXIMUM_CHARGES = {
    "idr": 999_999_999_999,
    "inr": 999_999_999,
    # By card; where a number of digits and another figure are named, the lower of both.
    "lbp": 99_999_999_999_999,
    "cop": 999_999_999_990,
    "huf": 999_999_999_900,
    "jpy": 9_999_999_999,
}
EIGHT_DIGITS = 99_999_999
MINIMUM_CHARGES = {
    **dict.fromkeys(["aud", "brl", "cad", "chf", "eur", "inr", "nzd", "sgd", "usd"], 50),
    "aed": 200,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17_500,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
}
"""The least charge by currency, where the account settles in it."""


def maximum_charge(currency: str) -> int:
    """Return the most that one charge can be over, in whole steps."""
    most = MAXIMUM_CHARGES.get(currency, EIGHT_DIGITS)
    return most - most % STEPS.get(currency, 1)


def minimum_charge(currency: str) -> int:
    """Return the least that one charge can be over [assume: one step where Stripe names none]."""
    return MINIMUM_CHARGES.get(currency, STEPS.get(currency, 1))


def check_currency(currency: str | None) -> None:
    """Raise StripeError unless the currency is one of the known ones, in lower case."""
    if currency is not None and currency not in DECIMALS:
        known = ", ".join(sorted(DECIMALS))
        raise invalid(f"Invalid currency: {currency}. Use one of {known}.", param="currency")


def check_step(amount: int, currency: str, param: str = "amount") -> None:
    """Raise StripeError for an amount with a fraction that the currency is not charged in, such as ones in KWD."""
    step = STEPS.get(currency, 1)
    if amount % step:
        raise invalid(f"Invalid integer: {amount} must be a multiple of {step} in {currency}.", param=param)


def check_charge(amount: int, currency: str, param: str = "amount") -> None:
    """Raise StripeError for an amount that no single charge can be over."""
    check_step(amount, currency, param)
    if amount > maximum_charge(currency):
        raise invalid(
            f"Amount must be no more than {maximum_charge(currency)} in {currency}.",
            code="amount_too_large",
            param=param,
        )


def product(unit_amount: str, quantity: str) -> int:
    """Return unit amount times quantity, rounded half away from zero to a whole minor unit [assume: rounding]."""
    return int((Decimal(unit_amount) * Decimal(quantity)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent(amount: int, rate: Decimal) -> int:
    """Return some percent of an amount, rounded half away from zero to a whole minor unit [assume: rounding]."""
    return part(amount, rate, Decimal(100))


def contained(amount: int, rate: Decimal, together: Decimal) -> int:
    """Return the tax of one rate that an amount contains, *together* being the sum of all rates in it, in percent."""
    return part(amount, rate, 100 + together)


def part(amount: int, numerator: Decimal | int, denominator: Decimal | int) -> int:
    """Return a fraction of an amount, rounded half away from zero to a whole minor unit [assume: rounding]."""
    return int((amount * Decimal(numerator) / denominator).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def plain(number: Decimal) -> str:
    """Return a decimal as Stripe prints it: no exponent, no trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def exclusive(taxes: list[Obj]) -> int:
    """Return the tax that comes on top of the amounts it is on."""
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")


def discounted(line: Obj) -> int:
    """Return what is left of a line's amount after its discounts, which its tax is on."""
    amount: int = line["amount"] - sum(one["amount"] for one in line["discount_amounts"] or [])
    return amount

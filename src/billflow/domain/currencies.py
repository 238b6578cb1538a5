"""What can be charged in each currency: its decimals, the step of its amounts, the least and the most of one charge.

This is the one table; `payments/amounts.py` writes its amounts for Stripe, and the Stripe emulator has its own, which a
test compares. Source: https://docs.stripe.com/currencies, "Minor units in API amounts", "Special cases", "Minimum and
maximum charge amounts"; for three decimals its wording of 2022-12-31, which later ones leave out.
"""

from dataclasses import dataclass
from fractions import Fraction

from billflow.domain.errors import InvalidInput, Refused

_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE"
    " CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS"
    " KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR"
    " NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT"
    " TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW"
)
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

_STRIPE_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Where Stripe writes another number of decimals than ISO 4217 has.

HUF and TWD are whole in payouts only; they are charged with two decimals as any other.
"""

_STRIPE_STEP = {"ISK": 100, "UGX": 100, **dict.fromkeys(_THREE_DECIMALS.split(), 10)}
_STRIPE_MAXIMUM = {
    "IDR": 999_999_999_999,
    "INR": 999_999_999,
    # Higher for cards; where the page says a number of digits and another figure, the lower of both.
    "LBP": 99_999_999_999_999,
    "COP": 999_999_999_990,
    "HUF": 999_999_999_900,
    "JPY": 9_999_999_999,
}
_EIGHT_DIGITS = 99_999_999
_MINIMUM = {
    **dict.fromkeys(["AUD", "BRL", "CAD", "CHF", "EUR", "INR", "NZD", "SGD", "USD"], 50),
    "GBP": 30,
    "AED": 200,
    "CZK": 1500,
    "DKK": 250,
    "HKD": 400,
    "HUF": 17_500,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "THB": 1000,
}
"""The least of a charge, where the account settles in that currency; elsewhere Stripe converts it, and decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """One currency; amounts in its own minor units (ISO 4217), but for `stripe_factor`, which makes Stripe's of them.

    Amounts are charged in multiples of `step`, from `minimum` (1 where Stripe names none) to `maximum`.
    """

    code: str
    decimals: int
    stripe_factor: Fraction
    step: int
    minimum: int
    maximum: int


def _currency(code: str, decimals: int) -> Currency:
    factor = Fraction(10) ** (_STRIPE_DECIMALS.get(code, decimals) - decimals)
    step = int(max(_STRIPE_STEP.get(code, 1) / factor, Fraction(1)))
    most = int(_STRIPE_MAXIMUM.get(code, _EIGHT_DIGITS) / factor)
    return Currency(
        code=code,
        decimals=decimals,
        stripe_factor=factor,
        step=step,
        minimum=_MINIMUM.get(code, step),
        maximum=most - most % step,
    )


CURRENCIES: dict[str, Currency] = {
    code: _currency(code, decimals)
    for decimals, codes in enumerate((_NO_DECIMALS, "", _TWO_DECIMALS, _THREE_DECIMALS))
    for code in codes.split()
}
"""Every ISO 4217 currency that billflow can bill in."""


def checked_currency(code: str) -> str:
    """Return *code* in upper case, or raise `InvalidInput` where it is no ISO 4217 currency."""
    if code.upper() not in CURRENCIES:
        raise InvalidInput(
            f"{code!r} is no ISO 4217 currency; use a code such as USD.", code="unknown_currency", field="currency"
        )
    return code.upper()


def format_amount(amount: int, currency: str) -> str:
    """Write minor units for people, decimals left out for whole amounts: `USD 58.14`, `USD 480` (rules 3)."""
    sign, digits = ("-", -amount) if amount < 0 else ("", amount)
    decimals = CURRENCIES[currency].decimals
    whole, rest = divmod(digits, 10**decimals)
    tail = f".{rest:0{decimals}d}" if rest else ""
    return f"{currency} {sign}{whole:,}{tail}"


def decimal_amount(amount: int, currency: str) -> str:
    """Write minor units as a number with all decimals of the currency, for spreadsheets: `58.14`, `480.00`, `-3`."""
    sign, decimals = "-" if amount < 0 else "", CURRENCIES[currency].decimals
    digits = str(abs(amount)).zfill(decimals + 1)
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def in_steps(amount: int, currency: str, field: str) -> int:
    """Return *amount*, or raise `InvalidInput` where it can't be charged to the minor unit (rules 25)."""
    step = CURRENCIES[currency].step
    if amount % step:
        raise InvalidInput(
            f"{field} is {format_amount(amount, currency)}, but {currency} is charged in steps of "
            f"{format_amount(step, currency)}; name a multiple of {step} minor units.",
            code="amount_not_chargeable",
            field=field,
        )
    return amount


def check_charge(amount: int, currency: str, *, by_card: bool, purchase: bool) -> None:
    """Raise `Refused` for more than one charge can be over, and for a purchase under the least one (rules 25).

    A recurring invoice below the least charge is carried over on the customer's balance by Stripe.
    """
    limits = CURRENCIES[currency]
    if by_card and amount > limits.maximum:
        raise Refused(
            f"The invoice would be over {format_amount(amount, currency)}, but one charge is at most "
            f"{format_amount(limits.maximum, currency)}; bill it in parts, or send the invoice.",
            code="amount_over_maximum",
        )
    if purchase and 0 < amount < limits.minimum:
        raise Refused(
            f"The purchase would be over {format_amount(amount, currency)}, but a charge is at least "
            f"{format_amount(limits.minimum, currency)}; buy more licenses.",
            code="amount_under_minimum",
        )

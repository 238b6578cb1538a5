"""Minor units, currencies, and the only places where a fraction of a minor unit is rounded."""

from enum import StrEnum
from fractions import Fraction

from billflow.domain.errors import InvalidInput

MAX_PRICE = 10**9
MAX_TOTAL = 2**63 - 1

_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE"
    " CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS"
    " KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR"
    " NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT"
    " TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW"
)
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

DECIMALS: dict[str, int] = {
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}
"""Decimals of each ISO 4217 currency billflow can bill in."""


class Rounding(StrEnum):
    """How a fraction of a minor unit becomes a whole one."""

    HALF_UP = "half_up"
    UP = "up"
    DOWN = "down"
    EXACT = "exact"


def rounded(value: Fraction, rounding: Rounding) -> int:
    """Return *value* in whole minor units; halves and `UP` go towards plus infinity, `DOWN` away from it (rules 3)."""
    return rounded_quotient(value.numerator, value.denominator, rounding)


def rounded_quotient(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Return `rounded(numerator / denominator)` for a positive denominator, in integers only.

    Raises `InvalidInput` where the amount should be exact and is not.
    """
    if rounding is Rounding.HALF_UP:
        return (2 * numerator + denominator) // (2 * denominator)
    if rounding is Rounding.UP:
        return -(-numerator // denominator)
    if rounding is Rounding.DOWN:
        return numerator // denominator
    if numerator % denominator:
        raise InvalidInput(
            f"{numerator}/{denominator} minor units is not a whole amount; name one.", code="inexact_amount"
        )
    return numerator // denominator


def checked_currency(code: str) -> str:
    """Return *code* in upper case, or raise `InvalidInput` where it is no ISO 4217 currency."""
    if code.upper() not in DECIMALS:
        raise InvalidInput(
            f"{code!r} is no ISO 4217 currency; use a code such as USD.", code="unknown_currency", field="currency"
        )
    return code.upper()


def check_price(price: int | None, field: str, *, least: int = 0) -> None:
    """Refuse a price that is given, but lies outside *least* and the greatest; raises `InvalidInput`."""
    if price is not None and not least <= price <= MAX_PRICE:
        raise InvalidInput(f"{field} must lie between {least} and {MAX_PRICE}.", field=field)


def checked_total(amount: int) -> int:
    """Return *amount*, or refuse one that does not fit 64 bits (rules 30)."""
    if not -MAX_TOTAL <= amount <= MAX_TOTAL:
        raise InvalidInput("The invoice total does not fit 64 bits; bill fewer licenses.", code="amount_too_large")
    return amount


def format_amount(amount: int, currency: str) -> str:
    """Write minor units for people, decimals left out for whole amounts: `USD 58.14`, `USD 480` (rules 3)."""
    sign, digits = ("-", -amount) if amount < 0 else ("", amount)
    decimals = DECIMALS[currency]
    whole, rest = divmod(digits, 10**decimals)
    tail = f".{rest:0{decimals}d}" if rest else ""
    return f"{currency} {sign}{whole:,}{tail}"

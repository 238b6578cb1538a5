"""How a line's amount came about, as one sentence anyone can check with pen and paper."""

from fractions import Fraction

from billflow.domain.calendar import Period
from billflow.domain.money import Rounding, format_amount
from billflow.domain.proration import Derivation

_ROUNDED = {
    Rounding.HALF_UP: "rounded half up",
    Rounding.UP: "rounded up",
    Rounding.EXACT: "without rounding",
}


def explained(derivation: Derivation, currency: str) -> str:
    """Return every number of the line: price, share of the cycle, rounding, quantity, and what they make."""
    price = format_amount(derivation.price, currency)
    parts = [f"{price} per unit{_discount(derivation)} for {_span(derivation.period)}"]
    if derivation.numerator != derivation.denominator:
        parts.append(_share(derivation, currency))
    amount = format_amount(derivation.amount, currency)
    unit = format_amount(derivation.unit_amount, currency)
    parts.append(f"times {derivation.quantity} makes {amount}" if derivation.quantity != 1 else f"which is {unit}")
    return f"{', '.join(parts)}.{f' {derivation.note}' if derivation.note else ''}"


def _share(derivation: Derivation, currency: str) -> str:
    share = Fraction(derivation.numerator, derivation.denominator)
    of_cycle = f" of the cycle of {_span(derivation.cycle)}" if derivation.cycle else ""
    unit = format_amount(derivation.unit_amount, currency)
    return f"of which {share.numerator}/{share.denominator}{of_cycle} is {unit} {_ROUNDED[derivation.rounding]}"


def _discount(derivation: Derivation) -> str:
    return f" ({derivation.percent_off} % off included)" if derivation.percent_off else ""


def _span(period: Period) -> str:
    return f"{period.start:%Y-%m-%d %H:%M:%S} to {period.end:%Y-%m-%d %H:%M:%S} UTC"

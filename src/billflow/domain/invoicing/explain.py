"""Every number of a line traced to where it comes from: as data, and in a sentence (rules 8.7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billflow.domain.calendar import Period
from billflow.domain.coupons import percent_text
from billflow.domain.currencies import format_amount
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.money import Rounding
from billflow.domain.proration import Derivation

_DAY = timedelta(days=1)
_READABLE = 1000
"""Up to which denominator a fraction says more than days, hours and seconds do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A fraction, as it was counted and reduced; `days` are the two numbers in days where they are whole."""

    numerator: int
    denominator: int
    reduced: Fraction
    days: tuple[int, int] | None

    @property
    def is_whole(self) -> bool:
        """Tell whether the full price counts."""
        return self.reduced == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One line explained; amounts in minor units of `currency`.

    `unrounded` is what one unit comes to before rounding, `rounded_unit` after it, and `less` what is taken off that.
    `list_price_discount` is the agreed discount in percent that the price already has in it, `entries` the ledger
    entries that the line bills.
    """

    kind: LineKind
    description: str
    currency: str
    price: int
    quantity: int
    period: Period
    cycle: Period | None
    share: Share
    unrounded: Fraction
    rounding: Rounding
    rounded_unit: int
    less: int
    unit_amount: int
    amount: int
    list_price_discount: str | None
    note: str | None
    entries: tuple[int, ...]
    sentence: str


def explain(line: Line, currency: str) -> Explanation:
    """Return where each number of *line* comes from."""
    d = line.derivation
    share = _share(d)
    return Explanation(
        kind=line.kind,
        description=line.description,
        currency=currency,
        price=d.price,
        quantity=d.quantity,
        period=d.period,
        cycle=d.cycle,
        share=share,
        unrounded=d.price * share.reduced,
        rounding=d.rounding,
        rounded_unit=d.rounded_unit,
        less=d.less,
        unit_amount=d.unit_amount,
        amount=d.amount,
        list_price_discount=d.percent_off,
        note=d.note,
        entries=line.entries,
        sentence=_sentence(line, share, currency),
    )


def _share(derivation: Derivation) -> Share:
    return Share(
        numerator=derivation.numerator,
        denominator=derivation.denominator,
        reduced=Fraction(derivation.numerator, derivation.denominator),
        days=_in_days(derivation),
    )


def _in_days(derivation: Derivation) -> tuple[int, int] | None:
    if derivation.cycle is None:
        return None
    charged, whole = _charged_span(derivation), derivation.cycle.length
    if charged % _DAY or whole % _DAY:
        return None
    return charged // _DAY, whole // _DAY


def _sentence(line: Line, share: Share, currency: str) -> str:
    d, period = line.derivation, line.derivation.period
    span = f"from {_moment(period.start)} to {_moment(period.end)} UTC"
    if not period.microseconds:
        span = f"on {period.start:%Y-%m-%d}"
    if line.kind is LineKind.FLAT_DISCOUNT:
        how = f"{d.numerator} months at {format_amount(d.price, currency)} each"
    elif line.kind is LineKind.COUPON:
        how = _coupon(d, currency)
    elif line.kind is LineKind.TAX:
        return _tax(line, currency)
    elif d.denominator != 1 and d.cycle is None:
        yearly = "" if (d.note or "").startswith("part ") else " a year"
        how = f"{format_amount(d.price, currency)}{yearly} / {d.denominator}{_rounded(d, currency)}"
    else:
        how = f"{d.quantity} x {format_amount(d.price, currency)}{_share_words(share, d)}{_rounded(d, currency)}"
    extras = [extra for extra in (_discount(d), d.note) if extra]
    how += _less(line, currency)
    tail = f" ({', '.join(extras)})" if extras else ""
    return f"{line.description}, {span}: {how} = {format_amount(line.amount, currency)}{tail}."


def _coupon(d: Derivation, currency: str) -> str:
    """Say what a coupon takes off: a percentage of the line before it, or an amount."""
    if d.denominator == 1:
        return format_amount(d.price, currency)
    percent = percent_text(Decimal(100 * d.numerator) / d.denominator)
    return f"{percent}% of {format_amount(-d.price, currency)} off{_rounded(d, currency)}"


def _tax(line: Line, currency: str) -> str:
    """Say what is taxed at which rate, by whom, and whether the prices contain it."""
    d, applied = line.derivation, line.applied
    by_stripe = ", as Stripe computed it" if d.note else ""
    where = f" for {applied.jurisdiction}" if applied else ""
    why = f" ({applied.exemption})" if applied and applied.exemption else ""
    if not d.numerator:
        return f"{line.description}{where}: no tax on {format_amount(d.price, currency)}{why}."
    tax, whole = format_amount(d.rounded_unit, currency), format_amount(d.price, currency)
    exact = d.price * Fraction(d.numerator, d.denominator)
    rounding = "" if exact == d.rounded_unit else f", rounded {d.rounding.replace('_', ' ')}"
    if d.less:
        # Our own rates are in ten-thousandths of a percent; Stripe's fraction is of amounts.
        parts = (percent_text(Decimal(n) / (1 if d.note else 10_000)) for n in (d.numerator, d.denominator))
        of = f"{line.description}{where}: {'/'.join(parts)} of {whole}{rounding} = {tax}"
        return f"{of}, which the prices contain{by_stripe}."
    stated = Decimal(applied.percent) if applied and d.note else Decimal(100 * d.numerator) / d.denominator
    percent = percent_text(stated)
    return f"{line.description}{where}: {percent}% of {whole}{rounding} = {tax}{by_stripe}."


def _moment(moment: datetime) -> str:
    seconds = "" if moment == moment.replace(second=0, microsecond=0) else f":{moment:%S}"
    fraction = f".{moment:%f}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M}{seconds}{fraction}"


def _share_words(share: Share, derivation: Derivation) -> str:
    if share.is_whole:
        return ""
    if share.days:
        return f" x {share.days[0]} of {share.days[1]} days"
    if derivation.cycle is None or share.reduced.denominator < _READABLE:
        return f" x {share.reduced.numerator}/{share.reduced.denominator} of the cycle"
    return f" x {_span(_charged_span(derivation))} of {_span(derivation.cycle.length)}"


def _charged_span(derivation: Derivation) -> timedelta:
    """Return the part of the cycle that is charged in all, which a line about a change of it tells only partly."""
    return timedelta(microseconds=derivation.numerator)


def _span(length: timedelta) -> str:
    days, rest = divmod(length, _DAY)
    return f"{days} days {rest}" if rest else f"{days} days"


def _rounded(derivation: Derivation, currency: str) -> str:
    exact = Fraction(derivation.price * derivation.numerator, derivation.denominator)
    if exact == derivation.rounded_unit:
        return ""
    how = derivation.rounding.replace("_", " ")
    if derivation.quantity == 1 and not derivation.less:
        return f", rounded {how}"
    return f", rounded {how} to {format_amount(derivation.rounded_unit, currency)} each"


def _less(line: Line, currency: str) -> str:
    less = line.derivation.less
    if not less:
        return ""
    if line.kind in (LineKind.FLAT_DISCOUNT, LineKind.COUPON):
        return f", but no more than is charged: {format_amount(-less, currency)} of it lapse"
    return f", less {format_amount(less, currency)} each that were billed before"


def _discount(derivation: Derivation) -> str | None:
    return f"{derivation.percent_off}% below list price" if derivation.percent_off else None

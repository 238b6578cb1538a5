"""The tax lines of an invoice that Stripe has taxed, made of what Stripe answered line by line (rules 37.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from billflow.domain.calendar import Period
from billflow.domain.coupons import percent_text
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.proration import Derivation
from billflow.domain.tax.amounts import AppliedTax, shared_out
from billflow.domain.tax.policy import TaxCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedTax:
    """What Stripe charges on one line at one rate: on `base`, in minor units."""

    applied: AppliedTax
    base: int
    tax: int


def taxed_by_stripe(lines: Mapping[str, Line], computed: Mapping[str, Sequence[ComputedTax]]) -> list[Line]:
    """Return *lines*, by their ids and in order, with their shares of the tax, and a line for each rate.

    A line that Stripe doesn't know is summed up there in the one before it, and has a share of that one's tax. Below 0
    a line says what Stripe puts onto the customer's balance.
    """
    shares = dict(_shares(lines, computed))
    taxed = [replace(line, tax=shares[line_id]) for line_id, line in lines.items()]
    period = Period(
        min(line.derivation.period.start for line in taxed), max(line.derivation.period.end for line in taxed)
    )
    by_rate: dict[AppliedTax, list[ComputedTax]] = {}
    for one in (tax for of_line in computed.values() for tax in of_line):
        if one.applied.category is not TaxCategory.NONE:
            by_rate.setdefault(one.applied, []).append(one)
    taxed += [_line(applied, parts, period) for applied, parts in by_rate.items()]
    owed = -sum(line.amount for line in taxed)
    if owed > 0:
        credit = Derivation(price=owed, quantity=1, period=period)
        taxed.append(Line(LineKind.CREDIT_TO_BALANCE, "Credit to the balance", credit))
    return taxed


def _shares(lines: Mapping[str, Line], computed: Mapping[str, Sequence[ComputedTax]]) -> list[tuple[str, int]]:
    groups: list[tuple[int, list[str]]] = []
    for line_id in lines:
        if line_id in computed or not groups:
            groups.append((sum(one.tax for one in computed.get(line_id, ())), []))
        groups[-1][1].append(line_id)
    return [
        (line_id, share)
        for tax, ids in groups
        for line_id, share in zip(ids, _divided(tax, [lines[one].amount for one in ids]), strict=True)
    ]


def _divided(tax: int, amounts: Sequence[int]) -> list[int]:
    whole = sum(amounts)
    exact = [Fraction(tax * amount, whole) if whole else Fraction(tax, len(amounts)) for amount in amounts]
    return list(shared_out(tax, exact))


def _line(applied: AppliedTax, parts: Sequence[ComputedTax], period: Period) -> Line:
    base, tax = sum(one.base for one in parts), sum(one.tax for one in parts)
    has_rate = base * tax > 0
    derivation = Derivation(
        price=base if has_rate or not tax else tax,
        quantity=1,
        numerator=abs(tax) if has_rate else int(bool(tax)),
        denominator=abs(base) if has_rate else 1,
        less=tax if applied.inclusive else 0,
        period=period,
        note="computed by Stripe Tax",
    )
    rated = applied.category is TaxCategory.STANDARD
    description = f"{applied.name} {percent_text(Decimal(applied.percent))}%" if rated else applied.name
    return Line(LineKind.TAX, description, derivation, tax=tax, applied=applied)

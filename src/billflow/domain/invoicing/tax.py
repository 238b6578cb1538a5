"""The tax lines of an invoice, one for each rate that applies, and each line's share of them (rules 37)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from billflow.domain.calendar import Period
from billflow.domain.coupons import percent_text
from billflow.domain.currencies import CURRENCIES
from billflow.domain.customer import CustomerTerms
from billflow.domain.invoicing.draft import NOT_TAXED, Line, LineKind
from billflow.domain.settings import BillingSettings
from billflow.domain.tax.amounts import AppliedTax, TaxAmount, TaxTotal, taxes
from billflow.domain.tax.policy import TaxCategory, Treatment

_NO_TAX = AppliedTax(category=TaxCategory.NONE, name="", percent="0", jurisdiction="")


def treatment_of(settings: BillingSettings, customer: CustomerTerms, at: datetime) -> Treatment:
    """Return which tax applies to an invoice for *customer* that is dated *at*; raises `Refused` (rules 37.1)."""
    return settings.tax.at(at).treatment(customer.taxpayer, at)


def with_tax(lines: Iterable[Line], treatment: Treatment, currency: str) -> list[Line]:
    """Return *lines* with their shares of the tax on them, followed by a line for each rate (rules 37.2)."""
    plain = untaxed(lines)
    priced = [line for line in plain if line.kind not in NOT_TAXED]
    if not treatment.rates or not priced:
        return plain
    periods = [line.derivation.period for line in priced]
    period = Period(min(one.start for one in periods), max(one.end for one in periods))
    charged = taxes(treatment, [line.amount for line in priced], period, CURRENCIES[currency].step)
    shares = [sum(by_rate) for by_rate in zip(*(one.shares for one in charged), strict=True)]
    return [
        *(replace(line, tax=share) for line, share in zip(priced, shares, strict=True)),
        *map(_line, charged),
        *(line for line in plain if line.kind in NOT_TAXED),
    ]


def untaxed(lines: Iterable[Line]) -> list[Line]:
    """Return *lines* as they are before tax."""
    return [replace(line, tax=0) if line.tax else line for line in lines if line.kind is not LineKind.TAX]


def _line(charged: TaxAmount) -> Line:
    applied = charged.applied
    rated = applied.category is TaxCategory.STANDARD
    description = f"{applied.name} {percent_text(Decimal(applied.percent))}%" if rated else applied.name
    return Line(LineKind.TAX, description, charged.derivation, tax=charged.tax, applied=applied)


def gross(line: Line, *, inclusive: bool) -> int:
    """Return what a line comes to with its share of the tax, in minor units."""
    return line.amount if inclusive else line.amount + line.tax


def tax_totals(lines: Sequence[Line]) -> Iterator[TaxTotal]:
    """Yield what an invoice comes to at each rate; where no tax applies, its total at none."""
    of_tax = [line for line in lines if line.kind is LineKind.TAX]
    net = sum(line.amount for line in lines if line.kind not in NOT_TAXED)
    if any(line.applied is not None and line.applied.inclusive for line in of_tax):
        net -= sum(line.tax for line in of_tax)
    for line in of_tax:
        yield TaxTotal(applied=line.applied or _NO_TAX, base=net, tax=line.tax)
    if not of_tax:
        yield TaxTotal(applied=_NO_TAX, base=net, tax=0)

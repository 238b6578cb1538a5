"""Customers that are taxed in every way, and what their invoices' tax must be by a few lines of its own."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from billflow.domain.invoicing.draft import InvoiceDraft, LineKind
from billflow.domain.tax.policy import TaxMode, Taxpayer, TaxPolicy
from tests.domain.tax.test_policy import CANADA, UNION, rate

INCLUSIVE = TaxPolicy(mode=TaxMode.OWN_RATES, rates=(rate("CH", "8.1", inclusive=True),), home="CH")


@dataclass(frozen=True)
class Taxed:
    """A customer, how it is taxed, and the rates that it pays, less than 0 where prices contain them."""

    policy: TaxPolicy
    who: Taxpayer
    percents: tuple[str, ...] = ()


TAXED = (
    Taxed(TaxPolicy(), Taxpayer()),
    Taxed(UNION, Taxpayer(country="DE"), ("19",)),
    Taxed(UNION, Taxpayer(country="FR", vat_number="FR83404833048"), ("0",)),
    Taxed(CANADA, Taxpayer(country="CA", region="QC"), ("5", "9.975")),
    Taxed(INCLUSIVE, Taxpayer(country="CH"), ("-8.1",)),
    Taxed(INCLUSIVE, Taxpayer(country="US")),
)


def check_tax(invoice: InvoiceDraft, percents: tuple[str, ...]) -> None:
    """Compute the tax of an invoice anew, and hold it to what is on it."""
    of_tax = [line for line in invoice.lines if line.kind is LineKind.TAX]
    rest = [line for line in invoice.lines if line.kind not in (LineKind.TAX, LineKind.CREDIT_TO_BALANCE)]
    whole = Fraction(sum(line.amount for line in rest))
    assert [line.tax for line in of_tax] == [_tax(whole, Fraction(percent) / 100) for percent in percents]
    assert sum(line.tax for line in rest) == invoice.tax
    credited = sum(line.amount for line in invoice.lines if line.kind is LineKind.CREDIT_TO_BALANCE)
    added = sum(line.tax for line in of_tax if not percents[0].startswith("-"))
    assert invoice.total == whole + added + credited


def _tax(whole: Fraction, share: Fraction) -> int:
    exact = whole * share if share >= 0 else whole * -share / (1 - share)
    return floor(exact + Fraction(1, 2))

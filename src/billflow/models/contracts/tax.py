"""The tax of an invoice, and of what is given back of it, rate by rate; amounts in minor units."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator

from billflow.domain.coupons import percent_text
from billflow.domain.invoicing.draft import Line
from billflow.domain.invoicing.tax import tax_totals
from billflow.domain.tax.amounts import TaxTotal
from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.base import Contract


def _plain(percent: str) -> str:
    return percent_text(Decimal(percent))


Percent = Annotated[str, AfterValidator(_plain)]
"""A percentage as text, without needless zeros."""


class TaxRecord(Contract):
    """What is taxed at one rate: the net amount `base`, and the `tax` on it.

    `percent` is the rate as text, such as 19 or 9.975. Where no tax applies the category is none, and `base` is all.
    `inclusive` tells that the lines' amounts contain the tax, `exemption` why a rate charges nothing.
    """

    category: TaxCategory
    name: str
    percent: Percent
    jurisdiction: str
    exemption: str | None = None
    inclusive: bool = False
    base: int
    tax: int

    @classmethod
    def of(cls, total: TaxTotal) -> Self:
        """Return a total as it is shown."""
        applied = total.applied
        return cls(
            category=applied.category,
            name=applied.name,
            percent=applied.percent,
            jurisdiction=applied.jurisdiction,
            exemption=applied.exemption,
            inclusive=applied.inclusive,
            base=total.base,
            tax=total.tax,
        )


def tax_records(lines: Sequence[Line]) -> tuple[TaxRecord, ...]:
    """Return what an invoice of these *lines* comes to at each rate."""
    return tuple(map(TaxRecord.of, tax_totals(lines)))

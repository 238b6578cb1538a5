"""Lines of invoices, made and to come, and their adjustments, in words and as the numbers that make them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from billflow.domain.invoicing.draft import Line
from billflow.domain.invoicing.explain import explain
from billflow.domain.money import Rounding
from billflow.models.contracts.base import Moment
from billflow.models.contracts.invoice_adjustments import InvoiceAdjustment
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.responses import ResponseModel

FractionText = Annotated[str, BeforeValidator(str)]


class ShareResponse(ResponseModel):
    """A fraction of the cycle as it was counted, and reduced."""

    numerator: int
    denominator: int
    reduced: FractionText = Field(examples=["15/31"])


class LineExplanation(ResponseModel):
    """One line, in words and as the numbers that make it; `unrounded` is what one unit comes to before rounding."""

    n: int
    description: str
    price: int
    quantity: int
    period_start: Moment
    period_end: Moment
    cycle_start: Moment | None
    cycle_end: Moment | None
    share: ShareResponse
    unrounded: FractionText = Field(examples=["12000/31"])
    rounding: Rounding
    less: int = Field(description="What was billed of one unit before; below 0, what a discount would take too much.")
    unit_amount: int
    amount: int
    list_price_discount: str | None
    note: str | None
    sentence: str
    entries: list[int] = Field(description="The ledger entries that the line bills.")


class AdjustmentExplanation(InvoiceAdjustment):
    """One adjustment, in words too."""

    sentence: str


class InvoiceExplanation(ResponseModel):
    """Every line of an invoice explained, and what was adjusted of it; amounts in minor units of `currency`."""

    id: str
    currency: str
    total: int
    credited: int
    refunded: int
    net_paid: int
    still_due: int
    replaces_invoice_id: str | None
    replaced_by_invoice_id: str | None
    lines: list[LineExplanation]
    adjustments: list[AdjustmentExplanation]

    @classmethod
    def of_invoice(cls, invoice: InvoiceDetail) -> Self:
        """Explain an invoice as it stands."""
        explanations = {
            "lines": explained([line.line for line in invoice.lines], invoice.currency),
            "adjustments": adjustments_explained(invoice),
        }
        known = invoice.model_dump(exclude=set(explanations))
        return cls.of({**known, **explanations, "id": invoice.invoice_id})


def adjustments_explained(invoice: InvoiceDetail) -> list[AdjustmentExplanation]:
    """Tell each adjustment of an invoice, the oldest first."""
    return [
        AdjustmentExplanation(**one.model_dump(), sentence=one.in_words(invoice.currency))
        for one in invoice.adjustments
    ]


def explained(lines: Sequence[Line], currency: str) -> list[LineExplanation]:
    """Explain lines in their order; amounts are in minor units of *currency*."""
    return [_explained(n, asdict(explain(line, currency))) for n, line in enumerate(lines, start=1)]


def _explained(n: int, explanation: dict[str, Any]) -> LineExplanation:
    period, cycle = explanation["period"], explanation["cycle"] or {}
    bounds = {"period_start": period["start"], "period_end": period["end"]}
    return LineExplanation.of(
        {**explanation, **bounds, "n": n, "cycle_start": cycle.get("start"), "cycle_end": cycle.get("end")}
    )

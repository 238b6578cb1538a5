"""Lines of invoices, made and to come, in words and as the numbers that make them."""

from collections.abc import Sequence

from pydantic import Field

from billflow.api.views import ResponseModel
from billflow.domain.invoicing.draft import Line
from billflow.domain.invoicing.explain import explain
from billflow.domain.money import Rounding
from billflow.models.contracts.base import Moment


class ShareResponse(ResponseModel):
    """A fraction of the cycle as it was counted, and reduced."""

    numerator: int
    denominator: int
    reduced: str = Field(examples=["15/31"])


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
    unrounded: str = Field(examples=["12000/31"])
    rounding: Rounding
    less: int = Field(description="What was billed of one unit before; below 0, what a discount would take too much.")
    unit_amount: int
    amount: int
    list_price_discount: str | None
    note: str | None
    sentence: str
    entries: list[int] = Field(description="The ledger entries that the line bills.")


def explained(lines: Sequence[Line], currency: str) -> list[LineExplanation]:
    """Explain lines in their order; amounts are in minor units of *currency*."""
    return [_explained(n, line, currency) for n, line in enumerate(lines, start=1)]


def _explained(n: int, line: Line, currency: str) -> LineExplanation:
    told = explain(line, currency)
    share = told.share
    return LineExplanation(
        n=n,
        description=told.description,
        price=told.price,
        quantity=told.quantity,
        period_start=told.period.start,
        period_end=told.period.end,
        cycle_start=told.cycle.start if told.cycle else None,
        cycle_end=told.cycle.end if told.cycle else None,
        share=ShareResponse(numerator=share.numerator, denominator=share.denominator, reduced=str(share.reduced)),
        unrounded=str(told.unrounded),
        rounding=told.rounding,
        less=told.less,
        unit_amount=told.unit_amount,
        amount=told.amount,
        list_price_discount=told.list_price_discount,
        note=told.note,
        sentence=told.sentence,
        entries=list(line.entries),
    )

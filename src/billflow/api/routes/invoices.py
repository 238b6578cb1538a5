"""Invoices, and how each of their numbers came about."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from billflow.api.caller import CallerHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.views import InvoiceInFull, Invoices, Shown
from billflow.domain.invoicing.draft import Line
from billflow.domain.invoicing.explain import explain
from billflow.domain.money import Rounding
from billflow.models.contracts.base import Moment
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, LineRecord, Paging

router = APIRouter(prefix="/invoices", tags=["invoices"], route_class=CheckedRoute)


class PdfResponse(Response):
    """A PDF file."""

    media_type = "application/pdf"


class InvoiceQuery(InvoiceFilter, Paging):
    """Which invoices to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")


class ShareShown(Shown):
    """A fraction of the cycle as it was counted, and reduced."""

    numerator: int
    denominator: int
    reduced: str = Field(examples=["15/31"])


class LineExplained(Shown):
    """One line, in words and as the numbers that make it; `unrounded` is what one unit comes to before rounding."""

    n: int
    description: str
    price: int
    quantity: int
    period_start: Moment
    period_end: Moment
    cycle_start: Moment | None
    cycle_end: Moment | None
    share: ShareShown
    unrounded: str = Field(examples=["12000/31"])
    rounding: Rounding
    unit_amount: int
    amount: int
    list_price_discount: str | None
    note: str | None
    sentence: str
    entries: list[int] = Field(description="The ledger entries that the line bills.")


class InvoiceExplained(Shown):
    """Every line of an invoice explained; amounts in minor units of `currency`."""

    id: str
    currency: str
    total: int
    lines: list[LineExplained]


@router.get("")
async def list_invoices(
    services: ServicesHere, caller: CallerHere, which: Annotated[InvoiceQuery, Query()]
) -> Invoices:
    """List invoices, the newest first."""
    return Invoices.of(await services.archive.invoices(caller.org_id, which, which))


@router.get("/{invoice_id}", response_model=InvoiceInFull)
async def show_invoice(invoice_id: str, services: ServicesHere, caller: CallerHere) -> InvoiceDetail:
    """Show an invoice with its lines and the attempts to collect it."""
    return await services.archive.invoice(caller.org_id, invoice_id)


@router.get("/{invoice_id}/explain")
async def explain_invoice(invoice_id: str, services: ServicesHere, caller: CallerHere) -> InvoiceExplained:
    """Trace every number of every line back to price, quantity, period, share and rounding."""
    invoice = await services.archive.invoice(caller.org_id, invoice_id)
    lines = [_explained(line, invoice.currency) for line in invoice.lines]
    return InvoiceExplained(id=invoice.invoice_id, currency=invoice.currency, total=invoice.total, lines=lines)


@router.get("/{invoice_id}/pdf", response_class=PdfResponse)
async def print_invoice(invoice_id: str, services: ServicesHere, caller: CallerHere) -> PdfResponse:
    """Return the invoice as a PDF file in its customer's language."""
    pdf = await services.papers.pdf(caller.org_id, invoice_id)
    return PdfResponse(pdf, headers={"Content-Disposition": 'inline; filename="invoice.pdf"'})


def _explained(line: LineRecord, currency: str) -> LineExplained:
    told = explain(Line(kind=line.kind, description=line.description, derivation=line.derivation), currency)
    share = told.share
    return LineExplained(
        n=line.n,
        description=told.description,
        price=told.price,
        quantity=told.quantity,
        period_start=told.period.start,
        period_end=told.period.end,
        cycle_start=told.cycle.start if told.cycle else None,
        cycle_end=told.cycle.end if told.cycle else None,
        share=ShareShown(numerator=share.numerator, denominator=share.denominator, reduced=str(share.reduced)),
        unrounded=str(told.unrounded),
        rounding=told.rounding,
        unit_amount=told.unit_amount,
        amount=told.amount,
        list_price_discount=told.list_price_discount,
        note=told.note,
        sentence=told.sentence,
        entries=list(line.entries),
    )

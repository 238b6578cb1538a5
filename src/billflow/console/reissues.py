"""Issuing an invoice again, with its prices and licenses as they are or corrected line by line."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import create_model

from billflow.api.routes.adjustments import Adjustment
from billflow.domain.adjustments import RefundMethod
from billflow.domain.currencies import format_amount
from billflow.domain.errors import BillingError
from billflow.domain.invoicing.draft import LineKind
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.previews import ReissuePreviewResponse
from billflow.models.contracts.records import InvoiceDetail, LineRecord
from billflow.models.contracts.reissues import LineCorrectionCreate, ReissueCreate, ReissueInput

LONGEST_MEMO = 500

_CORRECTED = frozenset(
    {
        LineKind.INITIAL_UPGRADE,
        LineKind.FIXED_PRICE_UPGRADE,
        LineKind.RENEWAL,
        LineKind.FIXED_PRICE_RENEWAL,
        LineKind.ADDITIONAL_LICENSES,
    }
)
_MOST_LINES = 20


def reissue_form(invoice: InvoiceDetail) -> type[RequestModel]:
    """Return what can be said about issuing *invoice* again: where its money goes, and a correction for each line."""
    fields: dict[str, Any] = {"refund_method": (RefundMethod, RefundMethod.BALANCE)}
    for n, _ in _corrected(invoice):
        fields |= {f"licenses_{n}": (int | None, None), f"price_{n}": (int | None, None)}
    return cast("type[RequestModel]", create_model("ReissueForm", __base__=RequestModel, **fields))


async def preview_reissue(adjustment: Adjustment, invoice: InvoiceDetail, asked: RequestModel) -> list[str]:
    """Say what becomes of the invoice and what the new one bills; raises as issuing it again would."""
    found = await _previewed(adjustment, invoice, asked)
    new, currency = found.invoice, invoice.currency
    lines = [line.sentence for line in new.lines]
    issued = f"An invoice over {format_amount(new.total, currency)} is issued in its place."
    return [*_of_old(found, currency), issued, *lines]


async def reissue(adjustment: Adjustment, invoice: InvoiceDetail, asked: RequestModel, reason: str) -> object:
    """Issue the invoice again; the same key does it once."""
    wanted = _correction(invoice, asked, reason)
    return await adjustment.services.adjustments.reissue(await adjustment.input(ReissueInput, **wanted))


async def refunded_by(adjustment: Adjustment, invoice: InvoiceDetail, asked: RequestModel) -> int:
    """Return by how much less the customer will have paid, in minor units; nothing where it has paid nothing."""
    try:
        found = await _previewed(adjustment, invoice, asked)
    except BillingError:
        return 0
    return max(0, found.credit_note.amount - found.invoice.total) if found.credit_note else 0


async def _previewed(adjustment: Adjustment, invoice: InvoiceDetail, asked: RequestModel) -> ReissuePreviewResponse:
    wanted = await adjustment.input(ReissueInput, **_correction(invoice, asked))
    return ReissuePreviewResponse.of_reissue(await adjustment.services.repositories.reissues.preview(wanted))


def _of_old(found: ReissuePreviewResponse, currency: str) -> list[str]:
    if found.credit_note is None:
        return ["The invoice is voided."]
    note = found.credit_note
    parts = {"goes back to the card": note.refund_amount, "goes onto the customer's balance": note.balance_amount}
    moved = [f"{format_amount(amount, currency)} {where}." for where, amount in parts.items() if amount]
    return [f"A credit note over {format_amount(note.amount, currency)} is issued.", *moved]


def _correction(invoice: InvoiceDetail, asked: RequestModel, reason: str | None = None) -> Mapping[str, Any]:
    lines = tuple(
        LineCorrectionCreate(line_id=str(line.line_id), licenses=licenses, price=price)
        for n, line in _corrected(invoice)
        for licenses, price in [(getattr(asked, f"licenses_{n}"), getattr(asked, f"price_{n}"))]
        if licenses is not None or price is not None
    )
    method = getattr(asked, "refund_method", RefundMethod.BALANCE)
    return ReissueCreate(lines=lines, refund_method=method, reason=reason and reason[:LONGEST_MEMO]).model_dump()


def _corrected(invoice: InvoiceDetail) -> list[tuple[int, LineRecord]]:
    """Return the lines that take a price and licenses, each with its number."""
    lines = [line for line in invoice.lines if line.kind in _CORRECTED and line.line_id]
    return list(enumerate(lines[:_MOST_LINES], start=1))

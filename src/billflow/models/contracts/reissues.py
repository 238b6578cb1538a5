"""Invoices issued again in place of others, with corrected prices and licenses."""

from typing import Annotated

from pydantic import ConfigDict, Field

from billflow.domain.adjustments import RefundMethod
from billflow.domain.money import MAX_PRICE
from billflow.domain.seats import MAX_LICENSES
from billflow.models.contracts.adjustments import AdjustmentInput, Memo
from billflow.models.contracts.base import Contract, RequestModel


class LineCorrectionCreate(RequestModel):
    """What a line is billed at instead: `price` of a license and cycle, or a year's fixed price; and its licenses."""

    line_id: Annotated[str, Field(max_length=100)]
    price: Annotated[int, Field(ge=0, le=MAX_PRICE)] | None = None
    licenses: Annotated[int, Field(ge=0, le=MAX_LICENSES)] | None = None


class ReissueCreate(RequestModel):
    """What to correct when an invoice is issued again; what was paid goes to the balance, or back to the card."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"lines": [{"line_id": "5c11...", "licenses": 8}], "refund_method": "balance"}]}
    )

    lines: tuple[LineCorrectionCreate, ...] = Field(default_factory=tuple, max_length=250)
    refund_method: RefundMethod = RefundMethod.BALANCE
    reason: Memo | None = None


class ReissueInput(AdjustmentInput, ReissueCreate):
    """Issue the invoice again, with its lines as they are or corrected."""

    model_config = ConfigDict(extra="ignore")


class IssuedAgain(Contract):
    """The invoice that took another one's place, and the note that credits what was paid of that one."""

    invoice_id: str
    credit_note_id: str | None

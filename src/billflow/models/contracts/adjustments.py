"""Adjustments of invoices: refunds, credit notes, voids, write-offs; amounts in minor units of `currency`."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from billflow.domain.adjustments import CreditReason, RefundMethod, RefundReason
from billflow.domain.document_numbers import AdjustmentNoun
from billflow.domain.money import MAX_TOTAL
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.invoices import InvoiceInput, InvoiceStatus, InvoiceToCollect
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.tax import TaxRecord

Amount = Annotated[int, Field(ge=1, le=MAX_TOTAL)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""What a payment outside Stripe is known by, such as that of a bank transfer."""

Memo = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class AdjustmentStatus(StrEnum):
    """How a credit note or refund stands at Stripe; requested means that Stripe has not answered yet."""

    REQUESTED = "requested"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"

    @property
    def counts(self) -> bool:
        """Tell whether its money has moved, or may have."""
        return self not in (AdjustmentStatus.FAILED, AdjustmentStatus.REJECTED)


class AdjustmentInput(Contract):
    """Adjust an invoice; the same `key` does it once."""

    org_id: str
    invoice_id: str
    key: NamespacedKey
    actor: str
    request_id: str | None = None
    at: Moment


class RefundCreate(RequestModel):
    """How much to refund, in minor units; without an amount all that is left.

    With an `out_of_band_reference` it was given outside Stripe already, and is recorded.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 500, "reason": "requested_by_customer"}]})

    amount: Amount | None = None
    reason: RefundReason | None = None
    out_of_band_reference: Reference | None = None


class OutOfBandPaymentCreate(RequestModel):
    """What a payment outside Stripe is known by."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reference": "SEPA 2026-11-28 NOTPROVIDED"}]})

    reference: Reference


class OutOfBandPaymentInput(AdjustmentInput):
    """Note that an invoice was paid outside Stripe, under `reference`."""

    reference: Reference


class RefundInput(AdjustmentInput, RefundCreate):
    """Give money back: `amount`, or all that is left; with a reference it was given outside Stripe already."""

    model_config = ConfigDict(extra="ignore")


class CreditNoteLineCreate(RequestModel):
    """A line to credit: `amount` of it, or all that is left of it."""

    line_id: Annotated[str, Field(max_length=100)]
    amount: Amount | None = None


class CreditNoteCreate(RequestModel):
    """What to credit: an amount, some lines, or all that is left; what was paid goes to the card or the balance."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 500, "refund_method": "balance"}]})

    amount: Amount | None = None
    lines: tuple[CreditNoteLineCreate, ...] = Field(default_factory=tuple, max_length=250)
    refund_method: RefundMethod = RefundMethod.REFUND
    reason: CreditReason = CreditReason.ORDER_CHANGE
    memo: Memo | None = None


class CreditNoteInput(AdjustmentInput, CreditNoteCreate):
    """Credit `amount`, or `lines`, or all that is left; what was paid goes where `refund_method` says."""

    model_config = ConfigDict(extra="ignore")


class AdjustmentRecord(Contract):
    """What a refund and a credit note have in common, as they stand; what succeeded has a number as a document.

    `taxes` say rate by rate what of the amount is tax; that in a part of a credit note is told with the note.
    """

    invoice_id: str
    number: str | None = None
    currency: str
    amount: int
    taxes: tuple[TaxRecord, ...] = ()
    status: AdjustmentStatus
    stripe_id: str | None
    message: str | None
    actor: str
    at: Moment


class RefundRecord(AdjustmentRecord):
    """A refund as it stands; `credit_note_id` is the note that it is a part of."""

    refund_id: str
    credit_note_id: str | None
    reason: RefundReason | None
    out_of_band_reference: str | None = None


class CreditedLine(Contract):
    """What a credit note takes off one line."""

    line_id: str
    description: str
    amount: int


class CreditNoteRecord(AdjustmentRecord):
    """A credit note as it stands: what it lowered before payment, refunded, and put on the customer's balance."""

    credit_note_id: str
    n: int
    before_payment: int
    refund_amount: int
    balance_amount: int
    reason: CreditReason
    memo: str | None
    lines: tuple[CreditedLine, ...] = ()


class AdjustmentRef(Contract):
    """A credit note or a refund."""

    org_id: str
    kind: AdjustmentNoun
    adjustment_id: str


class SendAdjustmentInput(AdjustmentRef):
    """Make a credit note or refund at Stripe, as of `at`."""

    at: Moment


class RefundToSend(Contract):
    """Everything the gateway needs of a refund; `sent_first_at` is when Stripe may first have been asked."""

    kind: Literal["refund"] = "refund"
    invoice: InvoiceToCollect
    refund: RefundRecord
    sent_first_at: Moment


class CreditNoteToSend(Contract):
    """Everything the gateway needs of a credit note."""

    kind: Literal["credit_note"] = "credit_note"
    invoice: InvoiceToCollect
    note: CreditNoteRecord
    sent_first_at: Moment


AdjustmentToSend = Annotated[RefundToSend | CreditNoteToSend, Field(discriminator="kind")]
"""What is still to be done at Stripe."""


class AdjustmentResult(Contract):
    """What Stripe answered about a credit note or refund."""

    status: AdjustmentStatus
    stripe_id: str | None = None
    message: str | None = None


class InvoiceAdjustments(Contract):
    """All credit notes and refunds of an invoice, the oldest first, and what is left of it."""

    credit_notes: tuple[CreditNoteRecord, ...]
    refunds: tuple[RefundRecord, ...]
    refundable: int
    creditable: int
    remaining: int


class InvoiceBalance(Contract):
    """How an invoice stands at Stripe, as of now; amounts in our minor units."""

    status: InvoiceStatus
    amount_due: int
    amount_paid: int


class MarkedBalance(InvoiceBalance):
    """How an invoice stands at Stripe, and of which of ours it carries the marks; None where it carries none."""

    org_id: str | None
    invoice_id: str | None


class ForeignRefund(Contract):
    """A refund that somebody made at Stripe itself."""

    stripe_id: str
    amount: int
    status: AdjustmentStatus
    reason: str | None


class ForeignCreditNote(Contract):
    """A credit note that somebody made at Stripe itself."""

    stripe_id: str
    amount: int
    before_payment: int
    refund_amount: int
    balance_amount: int
    reason: str | None
    memo: str | None


class StripeAdjustments(Contract):
    """An invoice's refunds and credit notes as Stripe holds them, by the ids of ours where they have one."""

    standing: InvoiceBalance
    refunds: dict[str, AdjustmentResult]
    credit_notes: dict[str, AdjustmentResult]
    foreign_refunds: tuple[ForeignRefund, ...]
    foreign_credit_notes: tuple[ForeignCreditNote, ...]


class VoidInput(AdjustmentInput):
    """Void the invoice, or write it off as uncollectible; what is void and `waived` is not to be billed again."""

    to: Literal[InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE] = InvoiceStatus.VOID
    reason: Memo | None = None
    waived: bool = False


class CloseInvoiceInput(InvoiceInput):
    """Void an invoice, or mark it uncollectible or paid outside Stripe, as `to` says."""

    to: Literal[InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE, InvoiceStatus.PAID]

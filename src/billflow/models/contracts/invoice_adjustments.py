"""What was adjusted of an invoice as the invoice itself shows it: one entry each, with its date and reason."""

from enum import StrEnum

from billflow.domain.currencies import format_amount
from billflow.models.contracts.base import Contract, Moment


class AdjustmentKind(StrEnum):
    """The adjustments that an invoice shows."""

    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    VOID = "void"
    WRITE_OFF = "write_off"


class InvoiceAdjustment(Contract):
    """One adjustment that counts, in minor units of the invoice's currency (rules 28).

    `adjustment_id` and `number` name a credit note or refund, which has no number before Stripe carried it out;
    `credit_note_id` is the note that a refund is a part of. Of a credit note `before_payment` lowered what was still to
    be paid, and `balance_amount` went onto the customer's balance.
    `reason` is Stripe's word, or why an invoice was closed; `memo` is what the customer reads, or a refund's reference.
    """

    kind: AdjustmentKind
    adjustment_id: str | None = None
    number: str | None = None
    at: Moment
    amount: int
    before_payment: int = 0
    balance_amount: int = 0
    reason: str | None = None
    memo: str | None = None
    credit_note_id: str | None = None

    def in_words(self, currency: str) -> str:
        """Say in English what was done, when and why."""
        amount = format_amount(self.amount, currency)
        what = {
            AdjustmentKind.CREDIT_NOTE: f"credit note {self.number or 'without a number yet'} took {amount} off",
            AdjustmentKind.REFUND: f"refund {self.number or 'without a number yet'} paid {amount} back",
            AdjustmentKind.VOID: f"the invoice was voided, {amount} is not owed",
            AdjustmentKind.WRITE_OFF: f"{amount} was written off as uncollectible",
        }[self.kind]
        why = ", ".join(text for text in (self.reason and self.reason.replace("_", " "), self.memo) if text)
        return f"On {self.at:%Y-%m-%d} {what}{f' ({why})' if why else ''}."

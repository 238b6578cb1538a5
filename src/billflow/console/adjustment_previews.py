"""What an adjustment would do to an invoice, by the functions of the domain that decide it, in sentences."""

from billflow.domain import adjustments
from billflow.domain.adjustments import InvoiceMoney
from billflow.domain.currencies import format_amount
from billflow.models.contracts.adjustments import CreditNoteCreate, OutOfBandPaymentCreate, RefundCreate
from billflow.models.contracts.invoice_adjustments import AdjustmentKind
from billflow.models.contracts.records import InvoiceDetail


def money_of(invoice: InvoiceDetail) -> InvoiceMoney:
    """Return how the money of an invoice stands, from what is shown of it."""
    refunds = [one for one in invoice.adjustments if one.kind is AdjustmentKind.REFUND]
    return InvoiceMoney(
        status=invoice.status,
        currency=invoice.currency,
        total=invoice.total,
        amount_due=invoice.total if invoice.amount_due is None else invoice.amount_due,
        amount_paid=invoice.amount_paid,
        out_of_band=invoice.out_of_band_reference,
        credited=invoice.credited,
        credited_before_payment=sum(one.before_payment for one in invoice.adjustments),
        refunded=invoice.refunded,
        refunded_by_notes=sum(one.amount for one in refunds if one.credit_note_id is not None),
        lines={line.line_id: line.amount for line in invoice.lines},
    )


def preview_refund(money: InvoiceMoney, asked: RefundCreate) -> list[str]:
    """Say where the money goes, and what can be refunded after that; raises as the refund would."""
    outside = asked.out_of_band_reference is not None
    given = adjustments.refund(money, asked.amount, out_of_band=outside)
    where = "is recorded as given outside Stripe" if outside else "goes back to the card"
    left = money.refundable - given
    return [f"{_written(money, given)} {where}.", f"{_written(money, left)} can be refunded after that."]


def preview_credit(money: InvoiceMoney, asked: CreditNoteCreate) -> list[str]:
    """Say what the credit note lowers, refunds and puts on the balance; raises as the credit note would."""
    note = adjustments.credit_note(money, asked.amount, {}, asked.refund_method)
    parts = {
        "less is to be paid": note.before_payment,
        "goes back to the card": note.refund,
        "goes onto the customer's balance": note.balance,
    }
    said = [f"{_written(money, amount)} {what}." for what, amount in parts.items() if amount]
    return [f"A credit note over {_written(money, note.amount)} is issued.", *said]


def void_preview(money: InvoiceMoney, asked: object) -> list[str]:
    """Say what is not owed any more; raises `Refused` for an invoice that is not to be paid."""
    adjustments.check_void(money)
    waived = bool(getattr(asked, "waived", False))
    then = "What it billed is not billed again." if waived else "What it billed is to be issued again."
    return [f"{_written(money, money.remaining)} is not owed any more.", then]


def write_off_preview(money: InvoiceMoney, _: object) -> list[str]:
    """Say what is given up; raises `Refused` for an invoice that is not to be paid."""
    adjustments.check_uncollectible(money)
    return [f"{_written(money, money.remaining)} is written off; the customer may still pay it."]


def mark_paid_preview(money: InvoiceMoney, asked: OutOfBandPaymentCreate) -> list[str]:
    """Say what counts as paid; raises `Refused` for an invoice that is not to be paid."""
    adjustments.check_mark_paid(money)
    return [f"{_written(money, money.remaining)} counts as paid outside Stripe, under {asked.reference}."]


def _written(money: InvoiceMoney, amount: int) -> str:
    return format_amount(amount, money.currency)

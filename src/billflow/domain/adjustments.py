"""What may still be done to an invoice: credit, refund, void, give up (rules 28). Amounts in minor units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from billflow.domain.currencies import CURRENCIES, format_amount, in_steps
from billflow.domain.errors import InvalidInput, NotFound, Refused
from billflow.domain.money import Rounding, rounded


class CreditReason(StrEnum):
    """Why an invoice is credited, in Stripe's words."""

    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    ORDER_CHANGE = "order_change"
    PRODUCT_UNSATISFACTORY = "product_unsatisfactory"


class RefundReason(StrEnum):
    """Why money is refunded, in Stripe's words."""

    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    REQUESTED_BY_CUSTOMER = "requested_by_customer"


class RefundMethod(StrEnum):
    """Where the paid part of a credit note goes: back to the card, or onto the customer's balance."""

    REFUND = "refund"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceMoney:
    """How the money of one invoice stands.

    `amount_due` is what was asked for once the customer's balance was used. `credited` sums the credit notes, of which
    `credited_before_payment` lowered what was to be paid. `refunded` sums all refunds that have not failed, those of
    credit notes (`refunded_by_notes`) included. `out_of_band` names a payment outside Stripe. `lines` are the amounts
    by line id, `credited_lines` what was credited. `taxes` are the tax in the total by the id of its line, which the
    prices contain where they are `inclusive`, and `taxes_back` what of it went back.
    """

    status: str
    total: int
    currency: str = "USD"
    amount_due: int
    amount_paid: int = 0
    credited: int = 0
    credited_before_payment: int = 0
    refunded: int = 0
    refunded_by_notes: int = 0
    out_of_band: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    credited_lines: Mapping[str, int] = field(default_factory=dict)
    taxes: Mapping[str, int] = field(default_factory=dict)
    taxes_back: Mapping[str, int] = field(default_factory=dict)
    inclusive: bool = False

    @property
    def refundable(self) -> int:
        """Return what was paid and not given back, neither by a refund nor by a note onto the customer's balance."""
        return self.in_whole_steps(min(self.amount_paid - self.refunded, self.creditable))

    def in_whole_steps(self, amount: int) -> int:
        """Return what of *amount* the currency can be charged in; only records of before 0.3 have more."""
        return amount - amount % CURRENCIES[self.currency].step

    @property
    def creditable(self) -> int:
        """Return what can still be credited; a refund without a note has used its share."""
        return self.total - self.credited - (self.refunded - self.refunded_by_notes)

    @property
    def remaining(self) -> int:
        """Return what is still to be paid."""
        if self.status not in ("draft", "open", "uncollectible"):
            return 0
        return max(self.amount_due - self.amount_paid - self.credited_before_payment, 0)

    @property
    def still_due(self) -> int:
        """Return what the customer still owes: what is still to be paid, unless it was written off."""
        return 0 if self.status == "uncollectible" else self.remaining

    @property
    def net_paid(self) -> int:
        """Return what was paid and not refunded."""
        return self.amount_paid - self.refunded


def kept(invoice: InvoiceMoney) -> dict[str, Fraction]:
    """Return what of each line was not given back; what went back for the whole invoice lowers all lines alike."""
    left = {line: amount - invoice.credited_lines.get(line, 0) for line, amount in invoice.lines.items()}
    total = sum(left.values())
    share = Fraction(max(invoice.creditable, 0), total) if total > 0 else Fraction(1)
    return {line: amount * share for line, amount in left.items()}


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note to make: `before_payment` lowers the open invoice, the rest is refunded or goes to the balance.

    `taxes` are the tax in its amount, by the id of the tax line (rules 37.3).
    """

    amount: int
    before_payment: int
    refund: int
    balance: int
    lines: Mapping[str, int]
    taxes: Mapping[str, int] = field(default_factory=dict)


def refund(invoice: InvoiceMoney, amount: int | None, *, out_of_band: bool = False) -> int:
    """Return how much is refunded, all that is left unless *amount* says so; never more than was paid.

    What was paid outside Stripe can only be refunded *out_of_band*. Raises `InvalidInput` or `Refused`.
    """
    if not out_of_band:
        _check_paid_through_stripe(invoice)
    left = invoice.refundable
    if left <= 0:
        raise Refused("Nothing of this invoice is left to refund.", code="nothing_to_refund")
    most = f"At most {_written(invoice, left)} can be refunded."
    return _at_most(invoice, left, amount, Refused(most, code="refund_exceeds_payment", field="amount"))


def credit_note(
    invoice: InvoiceMoney, amount: int | None, lines: Mapping[str, int | None], refund_method: RefundMethod
) -> CreditNote:
    """Return the note over *amount*, over *lines* (None credits what is left of one), or over all that is left.

    Raises `InvalidInput`, `NotFound` for a line of another invoice, or `Refused`.
    """
    if amount is not None and lines:
        raise InvalidInput("Give an amount or lines, not both.", field="amount")
    if invoice.status not in ("open", "paid", "uncollectible"):
        raise Refused(
            f"An invoice that is {invoice.status} can't be credited; one that is open, paid or uncollectible can.",
            code="invoice_not_creditable",
        )
    by_line = {line: _line_amount(invoice, line, wanted) for line, wanted in lines.items()}
    if by_line and not invoice.inclusive:
        by_line |= {line: tax for line, tax in taxes_on(invoice, sum(by_line.values())).items() if tax}
    wanted = sum(by_line.values()) if by_line else amount
    left = invoice.in_whole_steps(invoice.creditable)
    if left <= 0:
        raise Refused("Nothing of this invoice is left to credit.", code="nothing_to_credit")
    most = f"At most {_written(invoice, left)} can be credited."
    too_much = Refused(most, code="credit_exceeds_invoice", field="amount")
    return _split(invoice, _at_most(invoice, left, wanted, too_much), refund_method, by_line)


def _split(invoice: InvoiceMoney, credited: int, refund_method: RefundMethod, lines: Mapping[str, int]) -> CreditNote:
    before = min(credited, invoice.remaining)
    after = credited - before
    # What the customer's balance had paid for goes back there: there is no charge to refund it from.
    refunded = min(after, max(invoice.refundable, 0)) if refund_method is RefundMethod.REFUND else 0
    if refunded:
        _check_paid_through_stripe(invoice)
    by_tax_line = {line: amount for line, amount in lines.items() if line in invoice.taxes}
    taxes = by_tax_line if lines and not invoice.inclusive else taxes_in(invoice, credited)
    return CreditNote(credited, before, refunded, after - refunded, lines, taxes)


def taxes_in(invoice: InvoiceMoney, amount: int) -> dict[str, int]:
    """Return the tax in *amount* that is given back for the whole invoice, by tax line (rules 37.3).

    What was given back so far counts, so that all parts add up to the tax of the invoice.
    """
    given = invoice.total - invoice.creditable
    return _taxes_back(invoice, given + amount, invoice.total)


def taxes_on(invoice: InvoiceMoney, net: int) -> dict[str, int]:
    """Return the tax that goes back with *net* of lines whose prices don't contain it, by tax line (rules 37.3)."""
    given = invoice.total - invoice.creditable - sum(invoice.taxes_back.values())
    return _taxes_back(invoice, given + net, invoice.total - sum(invoice.taxes.values()))


def _taxes_back(invoice: InvoiceMoney, given: int, whole: int) -> dict[str, int]:
    """Return what of each tax is to be given back now, so that in all it is the share that *given* is of *whole*."""
    step, back = CURRENCIES[invoice.currency].step, dict[str, int]()
    for line, tax in invoice.taxes.items() if whole > 0 else ():
        before = invoice.taxes_back.get(line, 0)
        so_far = rounded(Fraction(tax * min(given, whole), whole), Rounding.HALF_UP, step)
        back[line] = max(so_far - before, 0)
    return back


def _line_amount(invoice: InvoiceMoney, line: str, wanted: int | None) -> int:
    if line not in invoice.lines:
        raise NotFound(f"The invoice has no line {line!r}.", field="lines")
    if line in invoice.taxes:
        message = "Tax is credited with the lines that it is on; credit those, or an amount."
        raise Refused(message, code="line_not_creditable", field="lines")
    left = invoice.in_whole_steps(invoice.lines[line] - invoice.credited_lines.get(line, 0))
    if left <= 0:
        raise Refused("Nothing of that line is left to credit.", code="nothing_to_credit", field="lines")
    most = f"At most {_written(invoice, left)} can be credited."
    return _at_most(invoice, left, wanted, Refused(most, code="credit_exceeds_line", field="amount"))


def _written(invoice: InvoiceMoney, amount: int) -> str:
    return f"{format_amount(amount, invoice.currency)} ({amount} minor units)"


def _at_most(invoice: InvoiceMoney, left: int, wanted: int | None, too_much: Refused) -> int:
    if wanted is None:
        return left
    if wanted <= 0:
        raise InvalidInput("amount must be at least 1 minor unit.", field="amount")
    if wanted > left:
        raise too_much
    return in_steps(wanted, invoice.currency, "amount")


def _check_paid_through_stripe(invoice: InvoiceMoney) -> None:
    if invoice.out_of_band is not None:
        raise Refused(
            f"The invoice was paid outside Stripe ({invoice.out_of_band}); pay back in the same way and record it as a "
            "refund with an out_of_band_reference, or credit it with refund_method balance.",
            code="paid_out_of_band",
        )


def check_mark_paid(invoice: InvoiceMoney) -> None:
    """Raise `Refused` unless something of the invoice may still be paid."""
    if invoice.status not in ("draft", "open", "uncollectible"):
        raise Refused(f"Only what is open can be paid, this invoice is {invoice.status}.", code="invoice_not_open")


def check_void(invoice: InvoiceMoney) -> None:
    """Raise `Refused` unless the invoice is open and nothing of it was paid."""
    if invoice.status not in ("draft", "open") or invoice.amount_paid:
        hint = "; refund it instead" if invoice.status == "paid" else ""
        if invoice.status == "open":
            hint = " and partly paid; credit what is left instead"
        raise Refused(
            f"Only an open invoice can be voided, this one is {invoice.status}{hint}.", code="invoice_not_open"
        )


def check_uncollectible(invoice: InvoiceMoney) -> None:
    """Raise `Refused` unless the invoice is open."""
    _check_open(invoice.status, "can be marked uncollectible")


def check_pay(status: str) -> None:
    """Raise `Refused` unless an invoice of that status is open; what was given up can only be paid by its customer."""
    _check_open(status, "is collected")


def _check_open(status: str, wanted: str) -> None:
    if status not in ("draft", "open"):
        raise Refused(f"Only an open invoice {wanted}, this one is {status}.", code="invoice_not_open")

"""What a customer's account is stated from: invoices, credit notes, refunds and what its balance got and gave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import NO_CYCLE, LineKind


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicedLine:
    """What an invoice charges besides its tax, and over which time it is earned: `net` may be below zero."""

    line_id: str
    kind: LineKind
    net: int
    period: Period

    @property
    def is_earned_over_time(self) -> bool:
        """Tell whether it pays for a period, not for one moment."""
        return self.kind not in NO_CYCLE and self.period.start < self.period.end


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedInvoice:
    """An invoice and what became of it; one that is paid although it was voided has both moments.

    `lines` and `tax`, its total together, are there where the journal is written. One that another system issued has
    no lines, and was `taken_over_at`.
    """

    invoice_id: str
    number: str | None = None
    total: int
    issued_at: datetime
    due_at: datetime
    amount_paid: int = 0
    paid_at: datetime | None = None
    out_of_band_reference: str | None = None
    voided_at: datetime | None = None
    written_off_at: datetime | None = None
    tax: int = 0
    lines: tuple[InvoicedLine, ...] = ()
    taken_over_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedInvoice:
    """A credit note that counts: what it took off what was to be paid, refunds, and put onto the customer's balance.

    `tax` is what of that is tax, `lines` what it took off each line of the invoice.
    """

    invoice_id: str
    number: str | None = None
    at: datetime
    before_payment: int = 0
    refunded: int = 0
    to_balance: int = 0
    tax: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None
    memo: str | None = None

    @property
    def amount(self) -> int:
        """Return all that was credited."""
        return self.before_payment + self.refunded + self.to_balance


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundedInvoice:
    """A refund that counts; one without a credit note credits the invoice as much as it refunds."""

    invoice_id: str
    number: str | None = None
    at: datetime
    amount: int
    by_note: bool
    tax: int = 0
    reason: str | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceChange:
    """What came onto the customer's balance, or with a negative amount what an invoice took of it."""

    at: datetime
    amount: int
    invoice_id: str | None = None
    reason: str | None = None


OPENING_BALANCE = "opening_balance"
"""The reason of the credit that a customer had with another system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """All that ever happened to a customer's account in one currency."""

    currency: str
    invoices: Sequence[ChargedInvoice] = ()
    notes: Sequence[CreditedInvoice] = ()
    refunds: Sequence[RefundedInvoice] = ()
    balance: Sequence[BalanceChange] = ()

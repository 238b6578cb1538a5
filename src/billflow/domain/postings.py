"""A posting of the journal: an amount from one account of the general ledger to another, and when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import accumulate, pairwise

from billflow.domain.calendar import MICROSECOND, Period, add_months
from billflow.domain.money import Rounding, rounded_quotient


class JournalAccount(StrEnum):
    """The accounts of the general ledger that billing posts to."""

    RECEIVABLES = "receivables"
    CASH = "cash"
    DEFERRED_REVENUE = "deferred_revenue"
    REVENUE = "revenue"
    TAX = "tax"
    CUSTOMER_CREDIT = "customer_credit"
    CREDITS_GRANTED = "credits_granted"
    WRITE_OFFS = "write_offs"
    OPENING_BALANCES = "opening_balances"


class PostingKind(StrEnum):
    """Why something is posted."""

    INVOICE = "invoice"
    REVENUE = "revenue"
    CREDIT_NOTE = "credit_note"
    CREDIT = "credit"
    CREDIT_APPLIED = "credit_applied"
    VOID = "void"
    WRITE_OFF = "write_off"
    PAYMENT = "payment"
    REFUND = "refund"
    OPENING_BALANCE = "opening_balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """*amount*, above zero and in minor units, to the *debit* account from the *credit* account.

    `number` is that of the document: the invoice, credit note or refund.
    """

    at: datetime
    kind: PostingKind
    debit: JournalAccount
    credit: JournalAccount
    amount: int
    invoice_id: str | None = None
    number: str | None = None


def by_month(amount: int, period: Period) -> Iterator[tuple[datetime, int]]:
    """Yield what of *amount* is earned in each calendar month of *period*, in UTC, and the last moment of that.

    It is earned evenly over the period; what is earned so far is rounded, halves up, so that the parts add up (rules
    39.2).
    """
    ends = [*_month_ends(period), period.end]
    earned = [
        rounded_quotient(amount * _length(period.start, end), period.microseconds, Rounding.HALF_UP) for end in ends
    ]
    for end, (before, so_far) in zip(ends, pairwise([0, *earned]), strict=True):
        if so_far != before:
            yield end - MICROSECOND, so_far - before


def spread(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Return whole parts of *amount* in proportion to *weights*, which add up to it; empty where the weights do not.

    Where the weights add up to the amount, the parts are the weights.
    """
    whole = sum(weights.values())
    if not whole:
        return {}
    so_far = [rounded_quotient(amount * part, whole, Rounding.HALF_UP) for part in accumulate(weights.values())]
    parts = (after - before for before, after in pairwise([0, *so_far]))
    return {key: part for key, part in zip(weights, parts, strict=True) if part}


def _month_ends(period: Period) -> Iterator[datetime]:
    begun = period.start.astimezone(UTC)
    month = add_months(begun.replace(day=1, hour=0, minute=0, second=0, microsecond=0), 1)
    while month < period.end:
        yield month
        month = add_months(month, 1)


def _length(start: datetime, end: datetime) -> int:
    return (end - start) // MICROSECOND

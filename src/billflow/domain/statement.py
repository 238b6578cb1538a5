"""The statement of a customer's account in one currency: what was charged, credited, paid and refunded (rules 28.2).

Amounts are in minor units; what raises the customer's balance is positive. Periods are half-open.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from billflow.domain.account_events import AccountEvent, StatementEntry, StatementEntryKind, account_events
from billflow.domain.account_facts import AccountFacts, ChargedInvoice
from billflow.domain.errors import InvalidInput

CREDITS = (
    StatementEntryKind.CREDIT_NOTE,
    StatementEntryKind.CREDIT,
    StatementEntryKind.VOID,
    StatementEntryKind.WRITE_OFF,
)
"""The kinds that a statement sums as credits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueInvoice:
    """What is still due of an invoice; below zero, what is still to be refunded of it."""

    invoice_id: str
    number: str | None
    due_at: datetime
    still_due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """An account over a period: opening + charges - credits - payments + refunds = closing.

    The closing balance is what is still due of the `invoices` less `credit_on_account`, at the end of the period.
    """

    currency: str
    opening_balance: int
    charges: int
    credits: int
    payments: int
    refunds: int
    closing_balance: int
    credit_on_account: int
    invoices: tuple[DueInvoice, ...]
    entries: tuple[StatementEntry, ...]


def statement(facts: AccountFacts, since: datetime | None = None, until: datetime | None = None) -> AccountStatement:
    """Return the account over `[since, until)`, without either from its beginning, or all of it so far.

    Raises `InvalidInput` where *since* lies after *until*.
    """
    if since and until and since > until:
        raise InvalidInput("since lies after until; name an earlier moment.", field="since")
    account = _Account({invoice.invoice_id: invoice for invoice in facts.invoices})
    for event in sorted(account_events(facts), key=lambda one: (one.at, one.rank)):
        if until is None or event.at < until:
            account.take(event)
    before = [entry for entry in account.entries if since and entry.at < since]
    shown = account.entries[len(before) :]
    sums = {kind: sum(entry.amount for entry in shown if entry.kind is kind) for kind in StatementEntryKind}
    return AccountStatement(
        currency=facts.currency,
        opening_balance=before[-1].balance if before else 0,
        charges=sums[StatementEntryKind.INVOICE],
        credits=-sum(sums[kind] for kind in CREDITS),
        payments=-sums[StatementEntryKind.PAYMENT],
        refunds=sums[StatementEntryKind.REFUND],
        closing_balance=account.balance,
        credit_on_account=account.credit_on_account,
        invoices=tuple(account.due_invoices()),
        entries=tuple(shown),
    )


class _Account:
    def __init__(self, invoices: dict[str, ChargedInvoice]) -> None:
        self.invoices = invoices
        self.entries: list[StatementEntry] = []
        self.due: defaultdict[str, int] = defaultdict(int)
        self.closed: defaultdict[tuple[str, StatementEntryKind], int] = defaultdict(int)
        self.credit_on_account = self.balance = 0

    def take(self, event: AccountEvent) -> None:
        """Change the account by an event."""
        invoice = event.invoice_id or ""
        if event.reopens:
            self._reopen(event, event.reopens, self.closed[invoice, event.reopens])
        self._reopen(event, StatementEntryKind.WRITE_OFF, event.paid_off)
        self.due[invoice] += event.due
        self.credit_on_account += event.on_account
        for entry in event.written:
            self._write(entry)
        if event.closes and self.due[invoice]:
            self.closed[invoice, event.closes] += self.due[invoice]
            self._move(event, event.closes, -self.due[invoice])

    def _reopen(self, event: AccountEvent, kind: StatementEntryKind, most: int) -> None:
        """Take back what closed an invoice, as far as something else is to lower it."""
        invoice = event.invoice_id or ""
        back = min(self.closed[invoice, kind], most)
        self.closed[invoice, kind] -= back
        if back > 0:
            self._move(event, kind, back)

    def _move(self, event: AccountEvent, kind: StatementEntryKind, amount: int) -> None:
        invoice_id = event.invoice_id or ""
        self.due[invoice_id] += amount
        number = self.invoices[invoice_id].number
        self._write(StatementEntry(at=event.at, kind=kind, amount=amount, invoice_id=invoice_id, invoice_number=number))

    def _write(self, entry: StatementEntry) -> None:
        self.balance += entry.amount
        self.entries.append(replace(entry, balance=self.balance))

    def due_invoices(self) -> Iterator[DueInvoice]:
        """Yield what is still due, the oldest invoice first."""
        for invoice in sorted(self.invoices.values(), key=lambda one: (one.issued_at, one.invoice_id)):
            if left := self.due[invoice.invoice_id]:
                yield DueInvoice(
                    invoice_id=invoice.invoice_id, number=invoice.number, due_at=invoice.due_at, still_due=left
                )

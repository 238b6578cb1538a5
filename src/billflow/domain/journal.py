"""The journal of a customer's account in double entry: what was billed, earned, credited, paid and refunded (rules 39).

Amounts are in minor units; all moments are in UTC.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial

from billflow.domain.account_events import StatementEntry, StatementEntryKind
from billflow.domain.account_facts import (
    OPENING_BALANCE,
    AccountFacts,
    BalanceChange,
    ChargedInvoice,
    CreditedInvoice,
    InvoicedLine,
    RefundedInvoice,
)
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.postings import JournalAccount, Posting, PostingKind, by_month, spread
from billflow.domain.statement import statement

TAX = "tax"
"""What stands for an invoice's tax among the ids of its lines."""

_NO_LINE = ""
"""What stands for no line, where there is none that an amount could be taken off."""

_CLOSED = {StatementEntryKind.VOID: PostingKind.VOID, StatementEntryKind.WRITE_OFF: PostingKind.WRITE_OFF}


def journal(facts: AccountFacts) -> list[Posting]:
    """Return all postings of an account, in order of time.

    Receivables less customer credit are at any moment the balance of the statement; revenue, deferred revenue and tax
    are what was billed less what was credited, refunded or void.
    """
    written = _Journal(facts)
    for _, _, write in sorted(_acts(written, facts), key=lambda act: act[:2]):
        write()
    return sorted(written.postings, key=lambda posting: posting.at)


def _acts(written: "_Journal", facts: AccountFacts) -> Iterator[tuple[datetime, int, Callable[[], None]]]:
    """Yield when each thing happened, its rank among those of one moment, and what writes it."""
    for invoice in facts.invoices:
        begun = _begun(invoice)
        yield begun, 0, partial(written.charge if invoice.taken_over_at is None else written.open, invoice)
        if invoice.paid_at and invoice.amount_paid and not _is_before(invoice, invoice.paid_at):
            yield invoice.paid_at, 5, partial(written.pay, invoice, invoice.paid_at)
    for change in facts.balance:
        yield change.at, 1, partial(written.change_balance, change)
    for note in facts.notes:
        yield note.at, 2, partial(written.credit, note)
    for entry in statement(facts).entries:
        if entry.kind in _CLOSED and not _is_before(written.invoices[entry.invoice_id or ""], entry.at):
            yield entry.at, 3, partial(written.close, entry)
    for refund in facts.refunds:
        yield refund.at, 6, partial(written.refund, refund)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Why and when something is posted, and for which invoice; `number` is the document's."""

    kind: PostingKind
    at: datetime
    invoice_id: str | None = None
    number: str | None = None


class _Journal:
    def __init__(self, facts: AccountFacts) -> None:
        self.invoices = {invoice.invoice_id: invoice for invoice in facts.invoices}
        self.lines = {line.line_id: line for invoice in facts.invoices for line in invoice.lines}
        self.left = {invoice.invoice_id: _parts(invoice) for invoice in facts.invoices}
        self.postings: list[Posting] = []

    def charge(self, invoice: ChargedInvoice) -> None:
        """Post an invoice, and month by month what is earned of it."""
        self._bill(_source(PostingKind.INVOICE, invoice, invoice.issued_at), _parts(invoice))

    def open(self, invoice: ChargedInvoice) -> None:
        """Post what was due of another system's invoice when it was taken over (rules 43)."""
        begun = _begun(invoice)
        closed = [at for at in (invoice.voided_at, invoice.written_off_at) if at and _is_before(invoice, at)]
        paid = invoice.amount_paid if invoice.paid_at and _is_before(invoice, invoice.paid_at) else 0
        source = _source(PostingKind.OPENING_BALANCE, invoice, begun)
        due = 0 if closed else invoice.total - paid
        self._post(source, due, JournalAccount.RECEIVABLES, JournalAccount.OPENING_BALANCES)

    def credit(self, note: CreditedInvoice) -> None:
        """Take a credit note's amounts off the invoice's lines, and put onto the customer's balance what goes there."""
        source = _source(PostingKind.CREDIT_NOTE, note, note.at)
        net = spread(note.amount - note.tax, note.lines) or self._spread(note.amount - note.tax, note.invoice_id)
        self._reverse(source, net | {TAX: note.tax})
        self._post(source, note.to_balance, JournalAccount.RECEIVABLES, JournalAccount.CUSTOMER_CREDIT)

    def refund(self, refund: RefundedInvoice) -> None:
        """Post a refund; one without a credit note takes its amount off the invoice's lines."""
        if not refund.by_note:
            parts = self._spread(refund.amount - refund.tax, refund.invoice_id) | {TAX: refund.tax}
            self._reverse(_source(PostingKind.CREDIT, refund, refund.at), parts)
        source = _source(PostingKind.REFUND, refund, refund.at)
        self._post(source, refund.amount, JournalAccount.RECEIVABLES, JournalAccount.CASH)

    def close(self, entry: StatementEntry) -> None:
        """Post what was void or written off, or with an amount above zero what of it came to life again."""
        invoice, amount = self.invoices[entry.invoice_id or ""], -entry.amount
        source = _source(_CLOSED[entry.kind], invoice, entry.at)
        if entry.kind is StatementEntryKind.WRITE_OFF:
            self._post(source, amount, JournalAccount.WRITE_OFFS, JournalAccount.RECEIVABLES)
            return
        if invoice.taken_over_at is not None:
            self._post(source, amount, JournalAccount.OPENING_BALANCES, JournalAccount.RECEIVABLES)
            return
        left = self.left[invoice.invoice_id] if amount > 0 else _parts(invoice)
        self._reverse(source, spread(amount, left) or {_NO_LINE: amount})

    def pay(self, invoice: ChargedInvoice, at: datetime) -> None:
        """Post a payment."""
        source = _source(PostingKind.PAYMENT, invoice, at)
        self._post(source, invoice.amount_paid, JournalAccount.CASH, JournalAccount.RECEIVABLES)

    def change_balance(self, change: BalanceChange) -> None:
        """Post a credit that was granted, or what an invoice took of the balance or gave back to it."""
        if invoice := self.invoices.get(change.invoice_id or ""):
            source, debit = _source(PostingKind.CREDIT_APPLIED, invoice, change.at), JournalAccount.RECEIVABLES
        elif change.reason == OPENING_BALANCE:
            source, debit = _Source(kind=PostingKind.OPENING_BALANCE, at=change.at), JournalAccount.OPENING_BALANCES
        else:
            source, debit = _Source(kind=PostingKind.CREDIT, at=change.at), JournalAccount.CREDITS_GRANTED
        self._post(source, change.amount, debit, JournalAccount.CUSTOMER_CREDIT)

    def _spread(self, net: int, invoice_id: str) -> dict[str, int]:
        """Spread what is credited without naming lines over what is left of them."""
        left = {key: part for key, part in self.left[invoice_id].items() if key != TAX}
        charged = {line.line_id: line.net for line in self.invoices[invoice_id].lines}
        return spread(net, left) or spread(net, charged) or {_NO_LINE: net}

    def _reverse(self, source: _Source, parts: Mapping[str, int]) -> None:
        left = self.left[source.invoice_id or ""]
        for key, amount in parts.items():
            left[key] = left.get(key, 0) - amount
        self._bill(source, {key: -amount for key, amount in parts.items()})

    def _bill(self, source: _Source, parts: Mapping[str, int]) -> None:
        for key, amount in parts.items():
            line = self.lines.get(key)
            account = _account(key, line)
            self._post(source, amount, JournalAccount.RECEIVABLES, account)
            if line and account is JournalAccount.DEFERRED_REVENUE:
                for at, part in by_month(amount, line.period):
                    earned = replace(source, kind=PostingKind.REVENUE, at=max(source.at, at))
                    self._post(earned, part, account, JournalAccount.REVENUE)

    def _post(self, source: _Source, amount: int, debit: JournalAccount, credit: JournalAccount) -> None:
        """Post an amount; one below zero goes the other way."""
        if amount < 0:
            amount, debit, credit = -amount, credit, debit
        if amount:
            self.postings.append(Posting(debit=debit, credit=credit, amount=amount, **asdict(source)))


def _source(kind: PostingKind, document: ChargedInvoice | CreditedInvoice | RefundedInvoice, at: datetime) -> _Source:
    return _Source(kind=kind, at=at, invoice_id=document.invoice_id, number=document.number)


def _begun(invoice: ChargedInvoice) -> datetime:
    """Return from when on an invoice is in the journal: of another system's, from when it was taken over."""
    return max(invoice.issued_at, invoice.taken_over_at or invoice.issued_at)


def _is_before(invoice: ChargedInvoice, at: datetime) -> bool:
    """Tell whether something happened to another system's invoice by when it was taken over."""
    return invoice.taken_over_at is not None and at <= _begun(invoice)


def _parts(invoice: ChargedInvoice) -> dict[str, int]:
    return {**{line.line_id: line.net for line in invoice.lines}, TAX: invoice.tax}


def _account(key: str, line: InvoicedLine | None) -> JournalAccount:
    if key == TAX:
        return JournalAccount.TAX
    if line and line.kind is LineKind.CREDIT_TO_BALANCE:
        return JournalAccount.CREDITS_GRANTED
    return JournalAccount.DEFERRED_REVENUE if line and line.is_earned_over_time else JournalAccount.REVENUE

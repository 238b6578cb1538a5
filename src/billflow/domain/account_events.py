"""What happened to a customer's account, one event after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from billflow.domain.account_facts import (
    AccountFacts,
    BalanceChange,
    ChargedInvoice,
    CreditedInvoice,
    RefundedInvoice,
)


class StatementEntryKind(StrEnum):
    """What changes a customer's balance."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    CREDIT = "credit"
    VOID = "void"
    WRITE_OFF = "write_off"
    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementEntry:
    """One entry: its signed amount, and the customer's balance after it.

    `number` is the document's: that of the invoice, credit note or refund.
    """

    at: datetime
    kind: StatementEntryKind
    amount: int
    balance: int = 0
    invoice_id: str | None = None
    invoice_number: str | None = None
    number: str | None = None
    reason: str | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    """What happened at once: how much it changed what is due of an invoice and what is on the customer's balance.

    It writes entries, and one more where it `closes` what is due then, or `reopens` what was closed so; of what was
    written off as much is open again as is `paid_off`.
    """

    at: datetime
    rank: int
    invoice_id: str | None = None
    due: int = 0
    on_account: int = 0
    written: tuple[StatementEntry, ...] = ()
    closes: StatementEntryKind | None = None
    reopens: StatementEntryKind | None = None
    paid_off: int = 0


def account_events(facts: AccountFacts) -> Iterator[AccountEvent]:
    """Yield all that happened; what happens at one moment goes by its rank: what closes an invoice closes the rest."""
    numbers = {invoice.invoice_id: invoice.number for invoice in facts.invoices}
    for invoice in facts.invoices:
        yield from _of_invoice(invoice)
    for change in facts.balance:
        yield _of_balance(change)
    for note in facts.notes:
        yield _of_note(note, numbers.get(note.invoice_id))
    for refund in facts.refunds:
        yield _of_refund(refund, numbers.get(refund.invoice_id))


def _of_invoice(invoice: ChargedInvoice) -> Iterator[AccountEvent]:
    of, number = invoice.invoice_id, invoice.number
    charge = StatementEntry(
        at=invoice.issued_at,
        kind=StatementEntryKind.INVOICE,
        amount=invoice.total,
        invoice_id=of,
        invoice_number=number,
        number=number,
    )
    yield AccountEvent(at=invoice.issued_at, rank=0, invoice_id=of, due=invoice.total, written=(charge,))
    if invoice.voided_at:
        yield AccountEvent(
            at=invoice.voided_at,
            rank=4,
            invoice_id=of,
            reopens=StatementEntryKind.WRITE_OFF,
            closes=StatementEntryKind.VOID,
        )
    if invoice.written_off_at:
        yield AccountEvent(at=invoice.written_off_at, rank=5, invoice_id=of, closes=StatementEntryKind.WRITE_OFF)
    if invoice.paid_at:
        payment = StatementEntry(
            at=invoice.paid_at,
            kind=StatementEntryKind.PAYMENT,
            amount=-invoice.amount_paid,
            invoice_id=of,
            invoice_number=number,
            memo=invoice.out_of_band_reference,
        )
        yield AccountEvent(
            at=invoice.paid_at,
            rank=6,
            invoice_id=of,
            due=-invoice.amount_paid,
            written=(payment,) if invoice.amount_paid else (),
            reopens=StatementEntryKind.VOID if invoice.voided_at else None,
            paid_off=invoice.amount_paid,
        )


def _of_balance(change: BalanceChange) -> AccountEvent:
    if change.invoice_id is not None:
        rank = 1 if change.amount < 0 else 2
        return AccountEvent(
            at=change.at, rank=rank, invoice_id=change.invoice_id, due=change.amount, on_account=change.amount
        )
    entry = StatementEntry(at=change.at, kind=StatementEntryKind.CREDIT, amount=-change.amount, reason=change.reason)
    return AccountEvent(at=change.at, rank=2, on_account=change.amount, written=(entry,))


def _of_note(note: CreditedInvoice, invoice_number: str | None) -> AccountEvent:
    entry = StatementEntry(
        at=note.at,
        kind=StatementEntryKind.CREDIT_NOTE,
        amount=-note.amount,
        invoice_id=note.invoice_id,
        invoice_number=invoice_number,
        number=note.number,
        reason=note.reason,
        memo=note.memo,
    )
    return AccountEvent(
        at=note.at,
        rank=3,
        invoice_id=note.invoice_id,
        due=-note.before_payment - note.refunded,
        on_account=note.to_balance,
        written=(entry,),
        paid_off=note.before_payment,
    )


def _of_refund(refund: RefundedInvoice, invoice_number: str | None) -> AccountEvent:
    entry = StatementEntry(
        at=refund.at,
        kind=StatementEntryKind.REFUND,
        amount=refund.amount,
        invoice_id=refund.invoice_id,
        invoice_number=invoice_number,
        number=refund.number,
        reason=refund.reason,
        memo=refund.memo,
    )
    credit = replace(entry, kind=StatementEntryKind.CREDIT, amount=-refund.amount)
    written = (entry,) if refund.by_note else (credit, entry)
    due = refund.amount if refund.by_note else 0
    return AccountEvent(at=refund.at, rank=7, invoice_id=refund.invoice_id, due=due, written=written)

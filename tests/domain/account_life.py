"""The life of a customer's account in memory: what the records keep of invoices, adjustments and the balance."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from billflow.domain import adjustments
from billflow.domain.account_facts import AccountFacts, BalanceChange, ChargedInvoice, CreditedInvoice, RefundedInvoice
from billflow.domain.adjustments import InvoiceMoney, RefundMethod
from billflow.domain.errors import Refused
from billflow.domain.invoicing.draft import InvoiceDraft

LEAST_CHARGE = 50
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class AccountLife:
    """One account; `on_account` is the balance at Stripe, `money` how each invoice stands."""

    now: datetime = BEGIN
    on_account: int = 0
    money: list[InvoiceMoney] = field(default_factory=list)
    applied: list[int] = field(default_factory=list)
    invoices: list[ChargedInvoice] = field(default_factory=list)
    notes: list[CreditedInvoice] = field(default_factory=list)
    refunds: list[RefundedInvoice] = field(default_factory=list)
    balance: list[BalanceChange] = field(default_factory=list)

    @property
    def facts(self) -> AccountFacts:
        return AccountFacts(
            currency="USD",
            invoices=self.invoices,
            notes=self.notes,
            refunds=self.refunds,
            balance=self.balance,
        )

    @property
    def still_due(self) -> dict[str, int]:
        due = {str(n): money.still_due for n, money in enumerate(self.money)}
        return {invoice: amount for invoice, amount in due.items() if amount}

    def passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def issue(self, total: int) -> None:
        """Issue an invoice: it uses the balance up, and what is too little to charge is carried over on it."""
        used = min(max(self.on_account, 0), total)
        due = total - used
        if due < LEAST_CHARGE:
            used, due = total, 0
        number = len(self.invoices)
        self.money.append(InvoiceMoney(status="open", total=total, amount_due=due))
        self.applied.append(used)
        self.invoices.append(ChargedInvoice(invoice_id=str(number), total=total, issued_at=self.now, due_at=self.now))
        self._on_balance(-used, number)
        if not due:
            self._paid(number, 0)

    def grant(self, amount: int) -> None:
        self.balance.append(BalanceChange(at=self.now, amount=amount, reason="outage"))
        self.on_account += amount

    def pay(self, n: int) -> None:
        """Pay what is open or was written off; or a void one all the same, which takes back what voiding brought."""
        money = self.money[n]
        if money.status == "void":
            self._on_balance(-self.applied[n], n)
            left = money.amount_due - money.credited_before_payment
        else:
            adjustments.check_mark_paid(money)
            left = money.remaining
        self._paid(n, left)

    def refund(self, n: int, amount: int | None) -> None:
        given = adjustments.refund(self.money[n], amount)
        self.money[n] = replace(self.money[n], refunded=self.money[n].refunded + given)
        self.refunds.append(RefundedInvoice(invoice_id=str(n), at=self.now, amount=given, by_note=False))

    def credit(self, n: int, amount: int | None, method: RefundMethod) -> None:
        note = adjustments.credit_note(self.money[n], amount, {}, method)
        money = self.money[n]
        self.money[n] = replace(
            money,
            credited=money.credited + note.amount,
            credited_before_payment=money.credited_before_payment + note.before_payment,
            refunded=money.refunded + note.refund,
            refunded_by_notes=money.refunded_by_notes + note.refund,
        )
        self.notes.append(
            CreditedInvoice(
                invoice_id=str(n),
                at=self.now,
                before_payment=note.before_payment,
                refunded=note.refund,
                to_balance=note.balance,
            )
        )
        self.on_account += note.balance
        if note.refund:
            self.refunds.append(RefundedInvoice(invoice_id=str(n), at=self.now, amount=note.refund, by_note=True))
        if self.money[n].status == "open" and not self.money[n].remaining:
            self._paid(n, 0)

    def void(self, n: int) -> None:
        """Void what is open, or as Stripe may what was written off."""
        if self.money[n].status != "uncollectible":
            adjustments.check_void(self.money[n])
        self.money[n] = replace(self.money[n], status="void")
        self.invoices[n] = replace(self.invoices[n], voided_at=self.now)
        self._on_balance(self.applied[n], n)

    def write_off(self, n: int) -> None:
        adjustments.check_uncollectible(self.money[n])
        self.money[n] = replace(self.money[n], status="uncollectible")
        self.invoices[n] = replace(self.invoices[n], written_off_at=self.now)

    def reissue(self, n: int, total: int) -> None:
        """Issue an invoice again: an open one is voided, a paid one credited to the balance."""
        if self.money[n].status == "paid":
            self.credit(n, None, RefundMethod.BALANCE)
        else:
            self.void(n)
        self.issue(total)

    def _paid(self, n: int, amount: int) -> None:
        paid = self.money[n].amount_paid + amount
        self.money[n] = replace(self.money[n], status="paid", amount_paid=paid)
        self.invoices[n] = replace(self.invoices[n], paid_at=self.now, amount_paid=paid)

    def _on_balance(self, amount: int, n: int) -> None:
        if amount:
            self.balance.append(BalanceChange(at=self.now, amount=amount, invoice_id=str(n)))
            self.on_account += amount


def account_of(drafts: Sequence[InvoiceDraft], granted: Sequence[int]) -> AccountLife:
    """Return the account of a plan's life: one invoice after the other is paid, credited, written off or void."""
    life = AccountLife()
    for amount in granted:
        life.grant(amount)
    for n, draft in enumerate(drafts):
        life.now = draft.at
        life.issue(draft.total)
        acts = (
            partial(life.pay, n),
            partial(life.credit, n, None, RefundMethod.BALANCE),
            partial(life.write_off, n),
            partial(life.void, n),
        )
        with suppress(Refused):
            acts[n % len(acts)]()
    return life

"""How a statement of account looks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from billflow.cli.output import Columns, FactList, Part, Table, amount, time, words

if TYPE_CHECKING:
    from billflow.domain.account_events import StatementEntry
    from billflow.domain.statement import AccountStatement
    from billflow.models.contracts.statements import StatementRecord

_SUMS = ("opening_balance", "charges", "credits", "payments", "refunds", "closing_balance")


def statement_parts(stated: "StatementRecord") -> Iterator[Part]:
    """Describe each account: its sums, its entries, and what the closing balance is made of."""
    for account in stated.accounts:
        yield FactList(f"{stated.customer_name}, {account.currency}", _sums(account))
        yield Table("Entries", _entries(account.currency), account.entries)
        if account.invoices:
            yield Table("Still due", _due(account.currency), account.invoices)


def _sums(account: "AccountStatement") -> dict[str, str | None]:
    sums: dict[str, str | None] = {words(name): amount(getattr(account, name), account.currency) for name in _SUMS}
    on_account = account.credit_on_account
    return sums | {"credit on account": amount(on_account, account.currency) if on_account else None}


def _entries(currency: str) -> Columns:
    return {
        "date": lambda entry: f"{entry.at:%Y-%m-%d}",
        "what": _what,
        "amount>": lambda entry: amount(entry.amount, currency),
        "balance>": lambda entry: amount(entry.balance, currency),
    }


def _what(entry: "StatementEntry") -> str:
    named = " ".join(filter(None, (words(entry.kind), entry.number)))
    of = None if entry.kind == "invoice" else entry.invoice_number
    why = ", ".join(filter(None, (words(entry.reason or ""), entry.memo)))
    return ", ".join(filter(None, (named, of and f"invoice {of}", why)))


def _due(currency: str) -> Columns:
    return {
        "invoice": lambda invoice: invoice.number or invoice.invoice_id,
        "due": lambda invoice: time(invoice.due_at),
        "still due>": lambda invoice: amount(invoice.still_due, currency),
    }

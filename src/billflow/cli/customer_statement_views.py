"""How a statement of account looks."""

from collections.abc import Iterator

from billflow.cli.json_objects import JsonObject
from billflow.cli.output import Columns, FactList, Part, Table, amount, day, words

_SUMS = ("opening_balance", "charges", "credits", "payments", "refunds", "closing_balance")


def statement_parts(stated: JsonObject) -> Iterator[Part]:
    """Describe each account: its sums, its entries, and what the closing balance is made of."""
    for account in stated.accounts:
        yield FactList(f"{stated.customer_name}, {account.currency}", _sums(account))
        yield Table("Entries", _entries(account.currency), account.entries)
        if account.invoices:
            yield Table("Still due", _due(account.currency), account.invoices)


def _sums(account: JsonObject) -> dict[str, str | None]:
    sums: dict[str, str | None] = {words(name): amount(account[name], account.currency) for name in _SUMS}
    on_account = account.credit_on_account
    return sums | {"credit on account": amount(on_account, account.currency) if on_account else None}


def _entries(currency: str) -> Columns:
    return {
        "date": lambda entry: day(entry.at),
        "what~": _what,
        "amount>": lambda entry: amount(entry.amount, currency),
        "balance>": lambda entry: amount(entry.balance, currency),
    }


def _what(entry: JsonObject) -> str:
    named = " ".join(filter(None, (words(entry.kind), entry.number)))
    of = None if entry.kind == "invoice" else entry.invoice_number
    why = ", ".join(filter(None, (words(entry.reason or ""), entry.memo)))
    return ", ".join(filter(None, (named, of and f"invoice {of}", why)))


def _due(currency: str) -> Columns:
    return {
        "invoice": lambda invoice: invoice.number or invoice.invoice_id,
        "due": lambda invoice: day(invoice.due_at),
        "still due>": lambda invoice: amount(invoice.still_due, currency),
    }

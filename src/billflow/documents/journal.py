"""The journal as files that an accountant's program takes: CSV, and the columns of a DATEV batch of postings."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime

from billflow.csv_lines import csv_lines
from billflow.domain.currencies import decimal_amount
from billflow.domain.errors import InvalidInput
from billflow.domain.postings import JournalAccount
from billflow.models.contracts.journal import JournalEntry, JournalFormat

Columns = Mapping[str, Callable[[JournalEntry], object]]

CHUNK = 500
"""Lines that are written at once."""

SKR03 = {
    JournalAccount.RECEIVABLES: "1400",
    JournalAccount.CASH: "1360",
    JournalAccount.DEFERRED_REVENUE: "0990",
    JournalAccount.REVENUE: "8200",
    JournalAccount.TAX: "1770",
    JournalAccount.CUSTOMER_CREDIT: "1700",
    JournalAccount.CREDITS_GRANTED: "8700",
    JournalAccount.WRITE_OFFS: "2400",
    JournalAccount.OPENING_BALANCES: "9000",
}
"""The numbers of our accounts in the German chart SKR03: none of them has a tax of its own that DATEV would add."""


COLUMNS: Columns = {
    "date": lambda one: one.at.astimezone(UTC).date(),
    "kind": lambda one: one.kind,
    "debit": lambda one: one.debit,
    "credit": lambda one: one.credit,
    "amount": lambda one: decimal_amount(one.amount, one.currency),
    "currency": lambda one: one.currency,
    "number": lambda one: one.number,
    "invoice_id": lambda one: one.invoice_id,
    "customer_id": lambda one: one.customer_id,
}

DATEV_COLUMNS: Columns = {
    "Umsatz (ohne Soll/Haben-Kz)": lambda one: decimal_amount(one.amount, one.currency).replace(".", ","),
    "Soll/Haben-Kennzeichen": lambda _: "S",
    "WKZ Umsatz": lambda one: one.currency,
    "Konto": lambda one: SKR03[one.debit],
    "Gegenkonto (ohne BU-Schlüssel)": lambda one: SKR03[one.credit],
    "Belegdatum": lambda one: f"{one.at.astimezone(UTC):%d%m}",
    "Belegfeld 1": lambda one: one.number,
    "Buchungstext": lambda one: f"{one.kind} {one.customer_id}"[:60],
}


def check_span(file_format: JournalFormat, since: datetime | None, until: datetime | None) -> None:
    """Refuse a span that a file can't have: raises `InvalidInput`.

    A DATEV batch of postings names days without their year, so that it lies in one.
    """
    if since and until and since > until:
        raise InvalidInput("since lies after until; name an earlier moment.", field="since")
    if file_format is JournalFormat.DATEV and not _in_one_year(since, until):
        raise InvalidInput(
            "The format datev names days without their year; name since and until within one calendar year.",
            field="since",
        )


async def journal_file(
    entries: AsyncIterator[JournalEntry], file_format: JournalFormat = JournalFormat.CSV
) -> AsyncIterator[str]:
    """Yield the lines of a file, some at a time, the names of the columns first."""
    columns = DATEV_COLUMNS if file_format is JournalFormat.DATEV else COLUMNS
    delimiter = ";" if file_format is JournalFormat.DATEV else ","
    rows: list[list[object]] = [list(columns)]
    async for entry in entries:
        if len(rows) == CHUNK:
            yield csv_lines(rows, delimiter=delimiter)
            rows = []
        rows.append([cell(entry) for cell in columns.values()])
    yield csv_lines(rows, delimiter=delimiter)


def _in_one_year(since: datetime | None, until: datetime | None) -> bool:
    if since is None or until is None:
        return False
    begun, ended = since.astimezone(UTC), until.astimezone(UTC)
    return begun.year == ended.year or ended <= datetime(begun.year + 1, 1, 1, tzinfo=UTC)

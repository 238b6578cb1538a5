"""`billflow journal`: the books in double entry, as a file for an accountant."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.files import not_writable
from billflow.cli.lookup import org_of
from billflow.cli.output import Output, Table
from billflow.cli.params import moment_option
from billflow.cli.session import Store, on_database
from billflow.documents.journal import check_span, journal_file
from billflow.domain.currencies import format_amount
from billflow.models.contracts.journal import JournalFormat

if TYPE_CHECKING:
    from billflow.models.contracts.journal import JournalEntry

_SUMS = {
    "account": lambda sums: sums["account"],
    "debit>": lambda sums: format_amount(sums["debit"], sums["currency"]),
    "credit>": lambda sums: format_amount(sums["credit"], sums["currency"]),
}


@on_database
async def journal(
    store: Store,
    *,
    since: Annotated[datetime | None, moment_option("Its first moment; the beginning if left out.")] = None,
    until: Annotated[
        datetime | None, moment_option("Its end, not included; what is earned in months to come too, where left out.")
    ] = None,
    file_format: Annotated[
        JournalFormat, typer.Option("--format", help="What the file looks like.")
    ] = JournalFormat.CSV,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("journal.csv"),
) -> Output:
    """Write the journal to a file: what was billed, earned by month, credited, paid and refunded, in double entry.

    It prints the sums of each account. The file is complete once it has its name.
    """
    check_span(file_format, since, until)
    totals, part = Totals(), output.with_name(f"{output.name}.part")
    entries = totals.counting(store.queries.journal.entries(await org_of(store), since, until))
    with not_writable(output), part.open("w", encoding="utf-8", newline="") as file:
        async for lines in journal_file(entries, file_format):
            file.write(lines)
        part.replace(output)
    sums = totals.rows()
    found = {"file": output, "postings": totals.postings, "accounts": sums}
    return Output(found, Table("Sums of the accounts", _SUMS, sums), f"Wrote {totals.postings} postings to {output}.")


class Totals:
    """How much is posted to each account in each currency."""

    def __init__(self) -> None:
        self.postings = 0
        self._debits: Counter[tuple[str, str]] = Counter()
        self._credits: Counter[tuple[str, str]] = Counter()

    async def counting(self, entries: AsyncIterator["JournalEntry"]) -> AsyncIterator["JournalEntry"]:
        """Yield what is posted, and count it."""
        async for entry in entries:
            self.postings += 1
            self._debits[entry.currency, entry.debit.value] += entry.amount
            self._credits[entry.currency, entry.credit.value] += entry.amount
            yield entry

    def rows(self) -> list[dict[str, object]]:
        """Return the sums in minor units, by currency and account."""
        return [
            {"account": account, "currency": currency, "debit": self._debits[key], "credit": self._credits[key]}
            for key in sorted({*self._debits, *self._credits})
            for currency, account in (key,)
        ]

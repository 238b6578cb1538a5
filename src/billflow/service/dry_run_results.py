"""What a dry run found, by the page and as files: plans and debts in pages, CSV, and one page of HTML."""

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from billflow.csv_lines import csv_lines
from billflow.domain.errors import InvalidInput, Refused
from billflow.dry_run.html_report import MOST_PLANS, page
from billflow.dry_run.jobs import parse_debt_result, parse_result
from billflow.dry_run.report_rows import COLUMNS, DEBT_COLUMNS, debt_row, heading, rows
from billflow.dry_run.shown import shown_debt, shown_plan
from billflow.models.contracts.dry_run import DryRunRecord, DryRunRef
from billflow.models.contracts.dry_run_results import DryRunDebt, DryRunPlan
from billflow.models.contracts.records import Page, Paging
from billflow.store.session.repositories import Repositories

Found = TypeVar("Found")


@dataclass(frozen=True)
class DryRunResults:
    """The results of dry runs, read one file of facts after the other."""

    repositories: Repositories

    async def plans(self, asked: DryRunRef, paging: Paging) -> Page[DryRunPlan]:
        """Return one part of the plans of which another amount is billed."""
        return await self._page(asked, paging, lambda text: map(shown_plan, parse_result(text)[1]), of_debts=False)

    async def debts(self, asked: DryRunRef, paging: Paging) -> Page[DryRunDebt]:
        """Return one part of the debts of which something else becomes."""
        return await self._page(asked, paging, lambda text: map(shown_debt, parse_debt_result(text)[1]), of_debts=True)

    async def _page(
        self, asked: DryRunRef, paging: Paging, read: Callable[[bytes], Iterator[Found]], *, of_debts: bool
    ) -> Page[Found]:
        counts = await self.repositories.dry_runs.found(asked, of_debts=of_debts)
        begin, total, passed = _place(paging.after) + paging.offset, sum(counts), 0
        found: list[Found] = []
        for place, count in enumerate(counts):
            if begin < passed + count and len(found) < paging.limit:
                text = await self.repositories.dry_runs.result(asked, place, of_debts=of_debts)
                skipped = max(begin - passed, 0)
                found += islice(read(text), skipped, skipped + paging.limit - len(found)) if text else ()
            passed += count
        end = begin + len(found)
        return Page(rows=tuple(found), total=total, next=_cursor(end) if end < total and found else None)

    async def lines_csv(self, asked: DryRunRef) -> AsyncIterator[str]:
        """Yield a row of CSV for each line that differs, under a row of names."""
        await self._check_finished(asked)
        return self._lines_csv(asked)

    async def _lines_csv(self, asked: DryRunRef) -> AsyncIterator[str]:
        yield csv_lines([COLUMNS])
        async for text in self.repositories.dry_runs.each_result(asked, of_debts=False):
            for plan in parse_result(text)[1]:
                yield csv_lines(rows(plan))

    async def debts_csv(self, asked: DryRunRef) -> AsyncIterator[str]:
        """Yield a row of CSV for each debt of which something else becomes, under a row of names."""
        await self._check_finished(asked)
        return self._debts_csv(asked)

    async def _debts_csv(self, asked: DryRunRef) -> AsyncIterator[str]:
        yield csv_lines([DEBT_COLUMNS])
        async for text in self.repositories.dry_runs.each_result(asked, of_debts=True):
            yield csv_lines(map(debt_row, parse_debt_result(text)[1]))

    async def report(self, asked: DryRunRef) -> Iterator[str]:
        """Return the report as one page of HTML in parts."""
        record, summary = await self._check_finished(asked), await self.repositories.dry_runs.summary(asked)
        if summary is None or record.taken_at is None:
            raise _not_finished(record)
        plans = await self._first(asked, lambda text: parse_result(text)[1], of_debts=False)
        debts = await self._first(asked, lambda text: parse_debt_result(text)[1], of_debts=True)
        return page(heading(summary, record.taken_at, record.until), summary, plans, debts)

    async def _first(
        self, asked: DryRunRef, read: Callable[[bytes], Iterator[Found]], *, of_debts: bool
    ) -> list[Found]:
        found: list[Found] = []
        async for text in self.repositories.dry_runs.each_result(asked, of_debts=of_debts):
            found += islice(read(text), MOST_PLANS - len(found))
            if len(found) >= MOST_PLANS:
                break
        return found

    async def _check_finished(self, asked: DryRunRef) -> DryRunRecord:
        record = await self.repositories.dry_runs.get(asked)
        if record.result is None:
            raise _not_finished(record)
        return record


def _not_finished(record: DryRunRecord) -> Refused:
    goes_on = "look at it again when it is finished" if record.status.goes_on else "ask for another one"
    return Refused(f"The dry run is {record.status.value}; {goes_on}.", code="dry_run_not_finished")


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def _place(after: str | None) -> int:
    if after is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(after.encode()).decode()
        return int(text) if text.isdecimal() and len(text) < 10 else int("")  # noqa: PLR2004  (longer is none of ours)
    except ValueError:
        message = "after is no cursor of this list; use the page's next."
        raise InvalidInput(message, code="bad_cursor", field="after") from None

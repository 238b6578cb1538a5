"""The whole business on one page: figures, months as pictures, and every number leads to its list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from billflow.api.fields import Slice
from billflow.api.routes.business import MovementQuery
from billflow.console.bars import BarChart, Point, bar_chart
from billflow.console.forms import FormTerms, read_form, written
from billflow.console.pages import BASE, NOTHING, amount, counted
from billflow.console.security import ConsoleRoute
from billflow.console.visits import Visit, VisitHere
from billflow.domain.calendar import add_months, month_begins
from billflow.models.contracts.business import MONTHS, BusinessReport, CollectedMonth, RevenueMovement
from billflow.models.contracts.reconciliation import FindingFilter, FindingRecord

router = APIRouter(route_class=ConsoleRoute)

AT_ONCE = 100
WORST = 10
"""Findings that the page shows; the others are on the page of operators."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Figure:
    """One number of the page: what it is, the number as it is written, more about it, and where it leads."""

    label: str
    value: str
    href: str
    note: str = ""


@dataclass(frozen=True)
class Figures:
    """What the page shows of a report in one of its currencies."""

    report: BusinessReport
    currency: str

    @property
    def currencies(self) -> list[str]:
        """Return the currencies that the report has amounts in."""
        return currencies_of(self.report)

    def mine(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows in the page's currency."""
        return [row for row in rows if getattr(row, "currency") == self.currency]  # noqa: B009  (rows of many classes)

    def list_of(self, noun: str, **filters: object) -> str:
        """Return the address of a list in the page's currency."""
        return list_address(noun, currency=self.currency, **filters)

    @property
    def figures(self) -> list[Figure]:
        """Return the numbers at the top."""
        return [*self._recurring(), *self._rates(), *self._money()]

    def _recurring(self) -> list[Figure]:
        tiers, plans = self.mine(self.report.revenue), self.list_of("plans", live="yes")
        licenses, members = sum(one.licenses for one in tiers), sum(one.members for one in tiers)
        seen = f"{counted(members, 'member')}, {counted(sum(one.guests for one in tiers), 'guest')} seen"
        return [
            Figure("Monthly recurring revenue", amount(sum(one.monthly for one in tiers), self.currency), plans),
            Figure("Annual recurring revenue", amount(sum(one.yearly for one in tiers), self.currency), plans),
            Figure("Licenses", f"{licenses:,}", plans, seen),
        ]

    def _rates(self) -> list[Figure]:
        last, year = (self.mine(rows)[-1:] for rows in (self.report.months, self.report.year))
        churned = [f"{one.since:%B}: {counted(one.churned_customers, 'customer')}" for one in last]
        return [
            Figure("Churn", _percent(last, "churn_percent"), _moved(last), *churned),
            Figure("Net retention", _percent(year, "retention_percent"), _moved(year), "of the last twelve months"),
        ]

    def _money(self) -> list[Figure]:
        now, unpaid = self.report.at, self.mine(self.report.unpaid)
        begin = now.date().replace(day=1)
        collected = sum(one.net for one in self.by_month() if one.month == begin)
        overdue = [one for one in unpaid if one.due_until is not None]
        return [
            Figure("Collected", amount(collected, self.currency), self.paid_in(begin), f"in {now:%B} so far"),
            Figure("Open", *self._debt(unpaid, self.list_of("invoices", unpaid="yes"))),
            Figure("Overdue", *self._debt(overdue, self.list_of("invoices", unpaid="yes", due_until=now))),
        ]

    def _debt(self, rows: Sequence[Any], href: str) -> tuple[str, str, str]:
        count = sum(one.invoices for one in rows)
        return amount(sum(one.amount for one in rows), self.currency), href, counted(count, "invoice")

    def paid_in(self, month: date) -> str:
        """Return the address of the invoices that were paid in a month, which its first day names."""
        begin = datetime(month.year, month.month, 1, tzinfo=UTC)
        return self.list_of("invoices", paid_since=begin, paid_until=add_months(begin, 1))

    def ages(self) -> list[tuple[str, Any, str]]:
        """Return what is left to pay by age: in words, the figure, and its list."""
        return [
            (_age(one, self.report.at), one, self.list_of("invoices", unpaid="yes", **_due(one)))
            for one in reversed(self.mine(self.report.unpaid))
        ]

    def revenue_chart(self) -> BarChart | None:
        """Draw what was billed to recur at the end of each month, for a year."""
        months = {one.since: one for one in self.mine(self.report.months)}
        begins = month_begins(self.report.at, MONTHS)[:-1]
        return self._chart((f"{at:%b %Y}", months[at].after if at in months else 0) for at in begins)

    def collected_chart(self) -> BarChart | None:
        """Draw what was collected in each month, less what was refunded."""
        months = {one.month: one.net for one in self.by_month()}
        begins = month_begins(self.report.at, MONTHS)
        return self._chart((f"{at:%b %Y}", months.get(at.date(), 0)) for at in begins)

    def by_month(self) -> list[CollectedMonth]:
        """Return what was collected by month."""
        return self.mine(self.report.collected)

    def renewal_chart(self) -> BarChart | None:
        """Draw what renews on each day of the forecast."""
        days = {one.day: one.amount for one in self.mine(self.report.renewals)}
        first = min(self.report.at.date(), *days) if days else self.report.at.date()
        last = max(first + timedelta(days=30), *days) if days else first
        ahead = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return self._chart((f"{day.day} {day:%b}", days.get(day, 0)) for day in ahead)

    def _chart(self, amounts: Iterable[tuple[str, int]]) -> BarChart | None:
        return bar_chart([Point(label, found) for label, found in amounts], self.currency)


def currencies_of(report: BusinessReport) -> list[str]:
    """Return the currencies that a report has amounts in, that of the most plans first."""
    plans: dict[str, int] = {}
    for one in report.revenue:
        plans[one.currency] = plans.get(one.currency, 0) + one.plans
    for rows in (report.months, report.collected, report.unpaid):
        for row in rows:
            plans.setdefault(row.currency, 0)
    return sorted(plans, key=lambda code: (-plans[code], code))


def list_address(noun: str, **filters: object) -> str:
    """Return the address of a list; moments are written as its form has them, what is None is left out."""
    told = {name: _written(value) for name, value in filters.items() if value is not None}
    return f"{BASE}/lists/{noun}?{urlencode(told)}"


def _written(value: object) -> str:
    return written(value, "", "USD")


def moved(one: RevenueMovement) -> str:
    """Return the address of the customers behind a movement."""
    span = {"since": _written(one.since), "until": _written(one.until), "currency": one.currency}
    return f"{BASE}/business/movements?{urlencode(span)}"


def _moved(rows: Sequence[RevenueMovement]) -> str:
    return moved(rows[0]) if rows else ""


def _percent(rows: Sequence[RevenueMovement], name: str) -> str:
    told = getattr(rows[0], name) if rows else None
    return f"{told}%" if told else NOTHING


def _due(one: Any) -> dict[str, object]:
    return {"due_since": one.due_since, "due_until": one.due_until}


def _age(one: Any, now: datetime) -> str:
    if one.due_until is None:
        return "Not due yet"
    least = (now - one.due_until).days
    return f"{least} days and more" if one.due_since is None else f"{least} to {(now - one.due_since).days} days"


@router.get("/business")
async def show_business(visit: VisitHere, currency: str = "") -> Response:
    """Show the figures of the whole business as of this minute, amounts in one currency at a time."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    report = await visit.services.business.report(visit.org_id, now)
    known = currencies_of(report)
    shown = Figures(report, currency if currency in known else next(iter(known), "USD"))
    run, findings = await _open_findings(visit)
    return visit.page(
        "business.html",
        shown=shown,
        moved=moved,
        list_address=list_address,
        newest_run=run,
        temporal_ui=visit.console.temporal_ui,
        open_findings=findings,
    )


async def _open_findings(visit: Visit) -> tuple[str, tuple[FindingRecord, ...]]:
    """Return the newest run, and the worst findings that it left."""
    runs = visit.services.repositories.reconciliation_runs
    run = await runs.newest(visit.org_id)
    if run is None:
        return "", ()
    found = await runs.findings(visit.org_id, run.reconciliation_run_id, FindingFilter(open=True))
    return run.reconciliation_run_id, found[:WORST]


@router.get("/business/renewals")
async def show_renewals(visit: VisitHere, after: str = "") -> Response:
    """Show the plans that renew within 30 days."""
    found = await visit.services.queries.business.renewals(visit.org_id, datetime.now(UTC))
    part = Slice(limit=AT_ONCE, after=after or None).of(found, "plan_id")
    return visit.page("renewals.html", found=part)


@router.get("/business/movements")
async def show_movements(visit: VisitHere) -> Response:
    """Show the customers of whom what is billed to recur changed in a span."""
    which = read_form(MovementQuery, visit.query, FormTerms("USD", {}))
    found = await visit.services.queries.business.movements(visit.org_id, which.since, which.until, which.currency)
    part = which.of(found)
    return visit.page("movements.html", found=part, which=which, here=urlencode(_span(which)))


def _span(which: MovementQuery) -> dict[str, str]:
    span = {"since": which.since, "until": which.until, "currency": which.currency}
    return {name: _written(value) for name, value in span.items() if value is not None}

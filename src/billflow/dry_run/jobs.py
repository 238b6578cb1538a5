"""One piece of a dry run: billing the plans of one file of facts, and comparing; it needs no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter

from billflow.domain.calendar import MONTHS_A_YEAR, add_months
from billflow.domain.errors import BillingError
from billflow.domain.rule_change import NO_CHANGE, RuleChange
from billflow.dry_run.bills import Hold, PlanBill, bill, bill_of
from billflow.dry_run.comparison import PlanDifference, compare
from billflow.dry_run.facts_file import RecordedPlan, as_line, read_facts, write_lines
from billflow.dry_run.tally import DryRunSummary, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Bill the plans of *facts* up to *until*, or for a year without it, and write what comes of it to *out*.

    With `bills_only` that is their bills by the change; else what differs from the bills of today, where *bills* may
    be those that another version of billflow wrote.
    """

    facts: Path
    out: Path
    until: datetime | None = None
    change: Path | None = None
    bills: Path | None = None
    bills_only: bool = False


JOB = TypeAdapter(Job)
_CHANGE, _BILL = TypeAdapter(RuleChange), TypeAdapter(PlanBill)
_SUMMARY, _DIFFERENCE = TypeAdapter(DryRunSummary), TypeAdapter(PlanDifference)


def perform(job: Job) -> None:
    """Do one job; its file is written whole or not at all."""
    if job.bills_only:
        write_lines(job.out, (as_line(_BILL, one) for one in _changed_bills(job)))
    else:
        _compare(job)


def write_change(path: Path, change: RuleChange) -> bytes:
    """Write a change for jobs to read, and return its text."""
    text = as_line(_CHANGE, change)
    write_lines(path, [text])
    return text


def read_result(path: Path) -> tuple[DryRunSummary, Iterator[PlanDifference]]:
    """Return what a comparison wrote: its summary, and every plan that differs."""
    lines = path.read_bytes().splitlines()
    return _SUMMARY.validate_json(lines[0]), map(_DIFFERENCE.validate_json, lines[1:])


def _compare(job: Job) -> None:
    tally, found = Tally(), list[bytes]()
    others = _read_bills(job.bills) if job.bills else None
    change = _change(job.change)
    for plan in read_facts(job.facts):
        until = _until(job, plan)
        before = bill(plan.facts, until, plan.now)
        after = next(others) if others else _by(change, plan, until, before)
        difference = compare(before, after)
        tally.add(before, after, difference)
        if difference:
            found.append(as_line(_DIFFERENCE, difference))
    write_lines(job.out, [as_line(_SUMMARY, tally.summary()), *found])


def _changed_bills(job: Job) -> Iterator[PlanBill]:
    change = _change(job.change)
    return (_by(change, plan, _until(job, plan)) for plan in read_facts(job.facts))


def _by(change: RuleChange, plan: RecordedPlan, until: datetime, before: PlanBill | None = None) -> PlanBill:
    if change == NO_CHANGE:
        return before or bill(plan.facts, until, plan.now)
    try:
        facts = change.applied_to(plan.facts, plan.now)
    except BillingError as error:
        return bill_of(plan.facts, [], Hold(code=error.code, message=error.message))
    return bill(facts, until, plan.now)


def _until(job: Job, plan: RecordedPlan) -> datetime:
    return job.until or add_months(plan.now, MONTHS_A_YEAR)


def _change(path: Path | None) -> RuleChange:
    return _read_change(path) if path else NO_CHANGE


@lru_cache(maxsize=1)
def _read_change(path: Path) -> RuleChange:
    return _CHANGE.validate_json(path.read_bytes())


def _read_bills(path: Path) -> Iterator[PlanBill]:
    with path.open("rb") as file:
        yield from map(_BILL.validate_json, file)

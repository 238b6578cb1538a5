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
from billflow.dry_run.debt_facts import read_debts
from billflow.dry_run.debts import DebtDifference, DebtSummary, DebtTally, compared
from billflow.dry_run.facts_file import RecordedPlan, as_line, read_facts, write_lines
from billflow.dry_run.tally import DryRunSummary, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Bill the plans of *facts* up to *until*, or for a year without it, and write what comes of it to *out*.

    With `bills_only` that is their bills by the change; else what differs from the bills of today, where *bills* may
    be those that another version of billflow wrote. With `of_debts` the facts are debts, and nothing is billed.
    """

    facts: Path
    out: Path
    until: datetime | None = None
    change: Path | None = None
    bills: Path | None = None
    bills_only: bool = False
    of_debts: bool = False


JOB = TypeAdapter(Job)
_CHANGE, _BILL = TypeAdapter(RuleChange), TypeAdapter(PlanBill)
_SUMMARY, _DIFFERENCE = TypeAdapter(DryRunSummary), TypeAdapter(PlanDifference)
_DEBT_SUMMARY, _DEBT_DIFFERENCE = TypeAdapter(DebtSummary), TypeAdapter(DebtDifference)


def perform(job: Job) -> None:
    """Do one job; its file is written whole or not at all."""
    if job.bills_only:
        write_lines(job.out, (as_line(_BILL, one) for one in _changed_bills(job)))
    elif job.of_debts:
        _compare_debts(job)
    else:
        _compare(job)


def change_text(change: RuleChange) -> bytes:
    """Return a change as jobs read it."""
    return as_line(_CHANGE, change)


def write_change(path: Path, change: RuleChange) -> bytes:
    """Write a change for jobs to read, and return its text."""
    text = change_text(change)
    write_lines(path, [text])
    return text


def read_result(path: Path) -> tuple[DryRunSummary, Iterator[PlanDifference]]:
    """Return what a comparison wrote: its summary, and every plan that differs."""
    return parse_result(path.read_bytes())


def parse_result(text: bytes) -> tuple[DryRunSummary, Iterator[PlanDifference]]:
    """Return what `read_result` does, of the text of a file."""
    summary, *lines = text.splitlines()
    return _SUMMARY.validate_json(summary), map(_DIFFERENCE.validate_json, lines)


def parse_debt_result(text: bytes) -> tuple[DebtSummary, Iterator[DebtDifference]]:
    """Return what a comparison of debts wrote: its summary, and every debt that differs."""
    summary, *lines = text.splitlines()
    return _DEBT_SUMMARY.validate_json(summary), map(_DEBT_DIFFERENCE.validate_json, lines)


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


def _compare_debts(job: Job) -> None:
    tally, found = DebtTally(), list[bytes]()
    recorded = read_debts(job.facts)
    policy = _change(job.change).dunning or recorded.policy
    for debtor in recorded.debtors:
        until = job.until or add_months(debtor.now, MONTHS_A_YEAR)
        for outcome, difference in compared(recorded.policy, policy, debtor, until):
            tally.add(outcome, difference)
            if difference:
                found.append(as_line(_DEBT_DIFFERENCE, difference))
    write_lines(job.out, [as_line(_DEBT_SUMMARY, tally.summary()), *found])


def _changed_bills(job: Job) -> Iterator[PlanBill]:
    change = _change(job.change)
    return (_by(change, plan, _until(job, plan)) for plan in read_facts(job.facts))


def _by(change: RuleChange, plan: RecordedPlan, until: datetime, before: PlanBill | None = None) -> PlanBill:
    if not change.changes_bills:
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

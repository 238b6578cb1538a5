"""Calls about the parallel run: what billflow computes beside what another system issues."""

from collections.abc import Sequence
from typing import Any

from billflow.client.calls import Call, get, write
from billflow.models.contracts.imports import ImportResponse, InvoiceLineOpening, InvoiceOpening
from billflow.models.contracts.parallel_runs import DifferenceList, ParallelPlanList, ParallelRunReport

_PATH = "/parallel-run"


def report(**which: Any) -> Call[ParallelRunReport]:
    """Show a score for each day and why amounts differ; *which* are fields such as since, until or grace_hours."""
    return get(_PATH, ParallelRunReport, **which)


def plans(*, limit: int = 50, after: str | None = None, **which: Any) -> Call[ParallelPlanList]:
    """List the plans in a parallel run with their scores, those that don't match and differ most first."""
    return get(f"{_PATH}/plans", ParallelPlanList, **which, limit=limit, after=after)


def differences(*, limit: int = 50, after: str | None = None, **which: Any) -> Call[DifferenceList]:
    """List the billing dates that differ, line by line with the causes, the newest first."""
    return get(f"{_PATH}/differences", DifferenceList, **which, limit=limit, after=after)


def take(
    invoices: Sequence[InvoiceOpening], lines: Sequence[InvoiceLineOpening] = (), *, key: str | None = None
) -> Call[ImportResponse]:
    """Take in up to a hundred invoices that the other system issued for plans in a parallel run."""
    body = {
        "invoices": [one.model_dump(mode="json", exclude_unset=True) for one in invoices],
        "invoice_lines": [one.model_dump(mode="json", exclude_unset=True) for one in lines],
    }
    return write("POST", f"{_PATH}/invoices", ImportResponse, body, key)

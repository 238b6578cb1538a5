"""Calls about the parallel run: what billflow computes beside what another system issues."""

from collections.abc import Sequence
from datetime import datetime

from billflow.client.calls import Call, get, write
from billflow.models.contracts.imports import ImportResponse, InvoiceLineOpening, InvoiceOpening
from billflow.models.contracts.parallel_runs import DifferenceList, ParallelPlanList, ParallelRunReport

_PATH = "/parallel-run"
GRACE_HOURS = 24
"""How long after its billing date an invoice may come before it is missing."""


def report(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    plan_id: str | None = None,
    customer_id: str | None = None,
    grace_hours: int = GRACE_HOURS,
) -> Call[ParallelRunReport]:
    """Show a score for each day, and why amounts differ, of billing dates in `[since, until)`."""
    which = {"since": since, "until": until, "plan_id": plan_id, "customer_id": customer_id}
    return get(_PATH, ParallelRunReport, **which, grace_hours=grace_hours)


def plans(  # noqa: PLR0913  (each is one filter)
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    plan_id: str | None = None,
    customer_id: str | None = None,
    grace_hours: int = GRACE_HOURS,
    limit: int = 50,
    after: str | None = None,
) -> Call[ParallelPlanList]:
    """List the plans in a parallel run with their scores, those that don't match and differ most first."""
    which = {"since": since, "until": until, "plan_id": plan_id, "customer_id": customer_id}
    return get(f"{_PATH}/plans", ParallelPlanList, **which, grace_hours=grace_hours, limit=limit, after=after)


def differences(  # noqa: PLR0913  (each is one filter)
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    plan_id: str | None = None,
    customer_id: str | None = None,
    grace_hours: int = GRACE_HOURS,
    limit: int = 50,
    after: str | None = None,
) -> Call[DifferenceList]:
    """List the billing dates that differ, line by line with the causes, the newest first."""
    which = {"since": since, "until": until, "plan_id": plan_id, "customer_id": customer_id}
    return get(f"{_PATH}/differences", DifferenceList, **which, grace_hours=grace_hours, limit=limit, after=after)


def take(
    invoices: Sequence[InvoiceOpening], lines: Sequence[InvoiceLineOpening] = (), *, key: str | None = None
) -> Call[ImportResponse]:
    """Take in up to a hundred invoices that the other system issued for plans in a parallel run."""
    body = {
        "invoices": [one.model_dump(mode="json", exclude_unset=True) for one in invoices],
        "invoice_lines": [one.model_dump(mode="json", exclude_unset=True) for one in lines],
    }
    return write("POST", f"{_PATH}/invoices", ImportResponse, body, key)

"""Calls about dry runs: what every plan would be billed by changed rules, and what would become of debts."""

from billflow.client.calls import Call, get, given, plain, write
from billflow.models.contracts.dry_run import DryRunCreate, DryRunList, DryRunResponse
from billflow.models.contracts.dry_run_results import DryRunDebtList, DryRunPlanList

_PATH = "/dry-runs"


def create(asked: DryRunCreate, *, key: str | None = None) -> Call[DryRunResponse]:
    """Begin a dry run of what is asked; it goes on in the background."""
    return write("POST", _PATH, DryRunResponse, plain(asked), key)


def search(*, limit: int = 50, after: str | None = None) -> Call[DryRunList]:
    """List dry runs, the newest first, as long as they are kept."""
    return get(_PATH, DryRunList, limit=limit, after=after)


def show(dry_run_id: str) -> Call[DryRunResponse]:
    """Show how far a dry run is, and what it found in all."""
    return get(f"{_PATH}/{dry_run_id}", DryRunResponse)


def plans(dry_run_id: str, *, limit: int = 50, after: str | None = None) -> Call[DryRunPlanList]:
    """List the plans of which another amount is billed, line by line."""
    return get(f"{_PATH}/{dry_run_id}/plans", DryRunPlanList, limit=limit, after=after)


def debts(dry_run_id: str, *, limit: int = 50, after: str | None = None) -> Call[DryRunDebtList]:
    """List the unpaid invoices of which something else becomes."""
    return get(f"{_PATH}/{dry_run_id}/debts", DryRunDebtList, limit=limit, after=after)


def lines_csv(dry_run_id: str) -> Call[bytes]:
    """Return every line that differs as a CSV file."""
    return get(f"{_PATH}/{dry_run_id}/lines.csv", bytes)


def debts_csv(dry_run_id: str) -> Call[bytes]:
    """Return every unpaid invoice of which something else becomes as a CSV file."""
    return get(f"{_PATH}/{dry_run_id}/debts.csv", bytes)


def report(dry_run_id: str) -> Call[bytes]:
    """Return the report as one page of HTML."""
    return get(f"{_PATH}/{dry_run_id}/report.html", bytes)


def cancel(dry_run_id: str, reason: str | None = None, *, key: str | None = None) -> Call[DryRunResponse]:
    """Go no further with a dry run; one that is over stays as it is."""
    return write("POST", f"{_PATH}/{dry_run_id}/cancel", DryRunResponse, given(reason=reason), key)

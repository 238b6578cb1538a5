"""Calls about reconciliation: whether the billing database, Stripe and the workflows agree."""

from billflow.client.calls import Call, get, given, write
from billflow.domain.reconciliation import FindingKind, Severity
from billflow.models.contracts.reconciliation import (
    FindingList,
    FindingResponse,
    ReconciliationRunList,
    ReconciliationRunResponse,
)

_PATH = "/reconciliation-runs"


def start(
    *, repair: bool = False, days: int | None = None, grace_minutes: int | None = None, key: str | None = None
) -> Call[ReconciliationRunResponse]:
    """Begin a run over the invoices of so many days, or all; without *repair* it changes nothing."""
    asked = {"repair": repair, **given(days=days, grace_minutes=grace_minutes)}
    return write("POST", _PATH, ReconciliationRunResponse, asked, key)


def search(*, limit: int = 50, after: str | None = None) -> Call[ReconciliationRunList]:
    """List runs, the newest first."""
    return get(_PATH, ReconciliationRunList, limit=limit, after=after)


def show(reconciliation_run_id: str) -> Call[ReconciliationRunResponse]:
    """Show how far a run is, and how much it has found."""
    return get(f"{_PATH}/{reconciliation_run_id}", ReconciliationRunResponse)


def findings(  # noqa: PLR0913  (each is one filter)
    reconciliation_run_id: str,
    *,
    kind: FindingKind | None = None,
    severity: Severity | None = None,
    open: bool | None = None,  # noqa: A002  (as the API calls it)
    limit: int = 50,
    after: str | None = None,
) -> Call[FindingList]:
    """List what a run has found, the worst first; *open* ones are not repaired."""
    wanted = {"kind": kind, "severity": severity, "open": open}
    return get(f"{_PATH}/{reconciliation_run_id}/findings", FindingList, **wanted, limit=limit, after=after)


def repair(
    reconciliation_run_id: str, finding_id: str, reason: str, *, key: str | None = None
) -> Call[FindingResponse]:
    """Repair a finding of the newest run, and wait for it; `problem` says why it could not be."""
    path = f"{_PATH}/{reconciliation_run_id}/findings/{finding_id}/repair"
    return write("POST", path, FindingResponse, {"reason": reason}, key)

"""Calls about the audit log."""

from datetime import datetime

from billflow.client.calls import Call, get
from billflow.models.contracts.audit import AuditEntryList


def search(  # noqa: PLR0913  (each is one filter)
    *,
    actor: str | None = None,
    action: str | None = None,
    subject_type: str | None = None,
    subject_id: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[AuditEntryList]:
    """List changes, the newest first."""
    about = {"actor": actor, "action": action, "subject_type": subject_type, "subject_id": subject_id}
    return get("/audit", AuditEntryList, **about, since=since, limit=limit, after=after)

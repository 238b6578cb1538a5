"""Calls about the audit log."""

from collections.abc import Sequence
from datetime import datetime

from billflow.client.calls import Call, ask, get
from billflow.models.contracts.audit import (
    AuditEntryList,
    AuditRoot,
    AuditRootList,
    AuditVerdict,
    SigningKeyList,
)


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


def roots(*, limit: int = 50, after: str | None = None) -> Call[AuditRootList]:
    """List what was signed of the audit log, the newest first."""
    return get("/audit/roots", AuditRootList, limit=limit, after=after)


def signing_keys(*, limit: int = 50, after: str | None = None) -> Call[SigningKeyList]:
    """List the public keys that check roots and proofs, the current one first."""
    return get("/audit/signing-keys", SigningKeyList, limit=limit, after=after)


def verify(roots: Sequence[AuditRoot] = ()) -> Call[AuditVerdict]:
    """Compute every hash of the audit log again, and hold it against *roots*, or our own; nothing is written."""
    return ask("/audit/verify", AuditVerdict, {"roots": [root.model_dump(mode="json") for root in roots]})

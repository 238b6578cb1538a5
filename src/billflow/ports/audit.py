"""What is asked of the audit log."""

from typing import Protocol

from billflow.models.contracts.audit import AuditFilter, AuditRecord, AuditVerdict
from billflow.models.contracts.records import Page, Paging


class Audit(Protocol):
    """The audit log of an organization; nothing here writes."""

    async def entries(self, org_id: str, wanted: AuditFilter, paging: Paging) -> Page[AuditRecord]:
        """Return one part of the entries, the newest first."""
        ...

    async def verify(self, org_id: str) -> AuditVerdict:
        """Compute every hash again and say where the chain breaks."""
        ...

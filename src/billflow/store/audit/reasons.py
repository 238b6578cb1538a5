"""Why people do what they do: their own words, in the audit log, readable until their customer is erased."""

from sqlalchemy import select

from billflow.models.contracts.console import StatedReason
from billflow.models.contracts.customers import ChangeContext
from billflow.models.tables import AuditLog
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.rows import as_id


class PostgresReasonRepository(Repository):
    """The reasons that people give before something is done."""

    async def record(self, stated: StatedReason, change: ChangeContext) -> bool:
        """Write down who asks for what and why, once for each key; tell whether this was the first time."""
        kind, subject_id = stated.subject
        known = select(AuditLog.detail).where(
            AuditLog.subject_type == kind, AuditLog.subject_id == subject_id, AuditLog.action == stated.action
        )
        async with self.database.unit_of_work(stated.org_id) as session:
            await advisory_lock(session, stated.key)
            if any(detail and detail.get("key") == stated.key for detail in await session.scalars(known)):
                return False
            detail = {"customer_id": stated.customer_id, "key": stated.key, "reason": change.reason}
            recorder = recorder_of(session, as_id(stated.org_id, "organization"), change)
            recorder.audit(stated.action, stated.subject, detail=detail)
            return True

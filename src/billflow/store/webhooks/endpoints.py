"""Endpoints of webhooks as rows: where an organization wants its events."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.endpoints import (
    CreatedEndpoint,
    EndpointCreate,
    EndpointRecord,
    EndpointStatus,
    EndpointUpdate,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import WebhookEndpoint
from billflow.store.audit.recorder import recorder_of, why
from billflow.store.session.database import Repository
from billflow.store.session.paging import page
from billflow.store.session.rows import as_id, as_json, existing, written
from billflow.store.webhooks.records import endpoint_record

_SECRET_BYTES = 32


@dataclass(frozen=True)
class PostgresEndpointRepository(Repository):
    """Endpoints; every method is one transaction. Unknown ids raise `NotFound`.

    *check_url* raises `InvalidInput` for an address nothing may be sent to.
    """

    check_url: Callable[[str], str]

    async def create(self, org_id: str, new: EndpointCreate, change: ChangeContext) -> CreatedEndpoint:
        """Make an endpoint with a secret of its own; raises `InvalidInput` for its address."""
        secret = fresh_secret()
        async with self.database.unit_of_work(org_id) as session:
            row = WebhookEndpoint(
                org_id=as_id(org_id, "organization"),
                url=self.check_url(new.url),
                description=new.description,
                event_types=[*new.event_types],
                secret=secret,
                status=EndpointStatus.ENABLED,
            )
            session.add(row)
            await written(session, row)
            recorder, subject = recorder_of(session, row.org_id, change), ("webhook_endpoint", row.id)
            recorder.audit("webhook_endpoint.created", subject, after=as_json(new), detail=why(change))
            return CreatedEndpoint(record=endpoint_record(row), secret=SecretStr(secret))

    async def get(self, org_id: str, endpoint_id: str) -> EndpointRecord:
        """Return one endpoint."""
        async with self.database.unit_of_work(org_id) as session:
            return endpoint_record(await load_endpoint(session, endpoint_id))

    async def list(self, org_id: str, paging: Paging) -> Page[EndpointRecord]:
        """Return one page of the endpoints, the newest first."""
        query, order = _EXISTING, (WebhookEndpoint.created_at, WebhookEndpoint.id)
        async with self.database.unit_of_work(org_id) as session:
            return await page(session, query, order, paging, lambda row: endpoint_record(row[0]))

    async def update(
        self, org_id: str, endpoint_id: str, update: EndpointUpdate, change: ChangeContext
    ) -> EndpointRecord:
        """Change the fields that *update* sets; raises `InvalidInput` for its address."""
        async with self.database.unit_of_work(org_id) as session:
            row = await load_endpoint(session, endpoint_id, lock=True)
            before = endpoint_record(row)
            for name in sorted(update.model_fields_set):
                value = getattr(update, name)
                setattr(row, name, self.check_url(value) if name == "url" else value)
            row.event_types = [*row.event_types]
            if "status" in update.model_fields_set:
                row.disabled_reason = None if update.status is EndpointStatus.ENABLED else change.reason
                row.failing_since = None
            await written(session, row)
            after, subject = endpoint_record(row), ("webhook_endpoint", row.id)
            if _audited(before) != _audited(after):
                recorder, states = recorder_of(session, row.org_id, change), (_audited(before), _audited(after))
                recorder.audit(
                    "webhook_endpoint.updated", subject, before=states[0], after=states[1], detail=why(change)
                )
            return after

    async def rotate_secret(
        self, org_id: str, endpoint_id: str, overlap: timedelta, change: ChangeContext
    ) -> CreatedEndpoint:
        """Give an endpoint a new secret; the old one signs too until *overlap* is over."""
        secret = fresh_secret()
        async with self.database.unit_of_work(org_id) as session:
            row = await load_endpoint(session, endpoint_id, lock=True)
            row.old_secret, row.old_secret_until = (row.secret, change.at + overlap) if overlap else (None, None)
            row.secret = secret
            await written(session, row)
            recorder, until = (
                recorder_of(session, row.org_id, change),
                as_json({"old_secret_until": row.old_secret_until}),
            )
            detail = why(change, **until)
            recorder.audit("webhook_endpoint.secret_rotated", ("webhook_endpoint", row.id), detail=detail)
            return CreatedEndpoint(record=endpoint_record(row), secret=SecretStr(secret))

    async def delete(self, org_id: str, endpoint_id: str, change: ChangeContext) -> None:
        """Send nothing there any more; what was sent stays in the log."""
        async with self.database.unit_of_work(org_id) as session:
            row = await load_endpoint(session, endpoint_id, lock=True)
            row.status, row.deleted_at = EndpointStatus.DISABLED, func.now()
            before = _audited(endpoint_record(row))
            recorder = recorder_of(session, row.org_id, change)
            subject = ("webhook_endpoint", row.id)
            recorder.audit("webhook_endpoint.deleted", subject, before=before, detail=why(change))


def fresh_secret() -> str:
    """Return a new secret of Standard Webhooks."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


_EXISTING = select(WebhookEndpoint).where(WebhookEndpoint.deleted_at.is_(None))


async def load_endpoint(session: AsyncSession, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint:
    """Return an endpoint, with *lock* locked until the transaction ends; raises `NotFound`."""
    query = _EXISTING.where(WebhookEndpoint.id == as_id(endpoint_id, "webhook endpoint"))
    found = await session.scalars(query.with_for_update(key_share=True) if lock else query)
    return existing(found.one_or_none(), "webhook endpoint", endpoint_id)


_NOT_AUDITED = {"created_at", "updated_at", "org_id", "endpoint_id", "old_secret_until", "failing_since"}


def _audited(record: EndpointRecord) -> dict[str, object]:
    return record.model_dump(mode="json", exclude=_NOT_AUDITED)

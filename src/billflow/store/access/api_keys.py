"""API keys as rows: looked up within the organization that a key names, and compared in constant time."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.access import ApiKeyRecord, IssuedKey, NewApiKey, PresentedKey
from billflow.models.contracts.customers import ChangeContext
from billflow.models.tables import ApiKey
from billflow.store.audit.recorder import recorder_of, why
from billflow.store.session.database import Database
from billflow.store.session.rows import as_id, as_record, row_by_id, written

USE_RECORDED_EVERY = timedelta(minutes=1)
_NO_DIGEST = bytes(32)


@dataclass(frozen=True)
class PostgresApiKeyRepository:
    """The API keys of organizations; every method is one transaction. Unknown ids raise `NotFound`."""

    database: Database

    async def create(self, org_id: str, new: NewApiKey, change: ChangeContext) -> IssuedKey:
        """Make a key; its text is in the answer and nowhere else."""
        async with self.database.unit_of_work(org_id) as session:
            return await _create(session, org_id, new, change)

    async def list(self, org_id: str) -> tuple[ApiKeyRecord, ...]:
        """Return all keys, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            rows = await session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id))
            return tuple(map(_record, rows))

    async def revoke(self, org_id: str, key_id: str, change: ChangeContext) -> ApiKeyRecord:
        """End a key at once; revoked already stays so."""
        async with self.database.unit_of_work(org_id) as session:
            row = await _locked(session, key_id)
            if row.revoked_at is None:
                row.revoked_at = change.at
                recorder_of(session, row.org_id, change).audit(
                    "api_key.revoked", ("api_key", row.id), detail=why(change)
                )
            return _record(row)

    async def rotate(self, org_id: str, key_id: str, overlap: timedelta, change: ChangeContext) -> IssuedKey:
        """Make a key like this one, which ends after *overlap*; raises `Refused` for one that has ended."""
        async with self.database.unit_of_work(org_id) as session:
            old = await _locked(session, key_id)
            if not _record(old).is_valid(change.at):
                raise Refused("The key has ended already; create a new one.", code="key_ended")
            new = NewApiKey.model_validate(_record(old).model_dump(include=set(NewApiKey.model_fields)))
            issued = await _create(session, org_id, new, change)
            old.successor_id = UUID(issued.record.key_id)
            ends = change.at + overlap
            old.expires_at = min(old.expires_at or ends, ends)
            detail = why(change, successor=issued.record.key_id, expires_at=old.expires_at.isoformat())
            recorder_of(session, old.org_id, change).audit("api_key.rotated", ("api_key", old.id), detail=detail)
            return issued

    async def find_valid(self, presented: PresentedKey, at: datetime) -> ApiKeyRecord | None:
        """Return the key that a request shows if it is right and valid, recording its use at most once a minute."""
        async with self.database.unit_of_work(presented.org_id) as session:
            row = await session.get(ApiKey, as_id(presented.key_id, "API key"))
            is_right = hmac.compare_digest(row.digest if row else _NO_DIGEST, presented.digest())
            if row is None or not is_right or row.mode is not presented.mode or not _record(row).is_valid(at):
                return None
            if row.last_used_at is None or row.last_used_at < at - USE_RECORDED_EVERY:
                unrecorded = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < at - USE_RECORDED_EVERY)
                await session.execute(update(ApiKey).where(ApiKey.id == row.id, unrecorded).values(last_used_at=at))
            return _record(row)


async def _create(session: AsyncSession, org_id: str, new: NewApiKey, change: ChangeContext) -> IssuedKey:
    key = PresentedKey.fresh(new.mode, org_id, str(uuid4()))
    row = ApiKey(
        id=UUID(key.key_id),
        org_id=as_id(org_id, "organization"),
        digest=key.digest(),
        created_at=func.now(),
        **new.model_dump() | {"scopes": sorted(new.scopes)},
    )
    session.add(row)
    record = _record(await written(session, row))
    after = record.model_dump(mode="json", include={"name", "mode", "scopes", "rate_limit", "expires_at"})
    recorder_of(session, row.org_id, change).audit(
        "api_key.created", ("api_key", row.id), after=after, detail=why(change)
    )
    return IssuedKey(record=record, text=key.text())


async def _locked(session: AsyncSession, key_id: str) -> ApiKey:
    return await row_by_id(session, ApiKey, key_id, "API key", lock=True)


def _record(row: ApiKey) -> ApiKeyRecord:
    return as_record(ApiKeyRecord, row)

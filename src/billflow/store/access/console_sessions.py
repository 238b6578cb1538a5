"""Sessions of the console as rows: links that open once, secrets that are replaced, and an end on the server."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.console import (
    IDLE_LIFETIME,
    LINK_LIFETIME,
    OVERLAP,
    ROTATED_AFTER,
    SESSION_LIFETIME,
    ConsoleSessionRecord,
    IssuedLink,
    NewConsoleSession,
    SessionToken,
    SignedIn,
)
from billflow.models.contracts.customers import ChangeContext
from billflow.models.tables import ConsoleSessionRow
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, from_row, written

USE_RECORDED_EVERY = timedelta(minutes=1)
_KIND = "console_session"


class PostgresConsoleSessionRepository(Repository):
    """The console's sessions; every method is one transaction."""

    async def create_link(self, org_id: str, new: NewConsoleSession, change: ChangeContext) -> IssuedLink:
        """Make a session that whoever shows the token signs in to, once and within `LINK_LIFETIME`.

        Sessions that are over for a day are deleted meanwhile.
        """
        token = SessionToken.fresh(org_id, str(uuid4()))
        async with self.database.unit_of_work(org_id) as session:
            await _delete_old(session, change.at)
            row = ConsoleSessionRow(
                id=UUID(token.session_id),
                org_id=as_id(org_id, "organization"),
                csrf_token=secrets.token_urlsafe(32),
                link_digest=token.digest(),
                expires_at=change.at + LINK_LIFETIME,
                **new.model_dump(),
            )
            session.add(row)
            record = _record(await written(session, row))
            after = new.model_dump(mode="json")
            recorder_of(session, row.org_id, change).audit("console_session.created", (_KIND, row.id), after=after)
        return IssuedLink(record=record, token=SecretStr(token.text()))

    async def linked(self, token: SessionToken, at: datetime) -> ConsoleSessionRecord | None:
        """Return the session that a link signs in to, None where it does not or not any more."""
        async with self.database.unit_of_work(token.org_id) as session:
            row = await session.get(ConsoleSessionRow, UUID(token.session_id))
            return _record(row) if row and _opens(row, token, at) else None

    async def sign_in(self, token: SessionToken, at: datetime) -> SignedIn | None:
        """Begin the session of a link, which works this once; None where it does not or not any more."""
        async with self.database.unit_of_work(token.org_id) as session:
            row = await _locked(session, token)
            if row is None or not _opens(row, token, at):
                return None
            fresh = SessionToken.fresh(token.org_id, token.session_id)
            row.link_digest, row.digest = None, fresh.digest()
            row.signed_in_at = row.rotated_at = row.last_used_at = at
            row.expires_at = at + SESSION_LIFETIME
            _audit(session, row, "console_session.signed_in", at)
            return SignedIn(_record(row), fresh)

    async def begin(self, org_id: str, new: NewConsoleSession, at: datetime) -> SessionToken:
        """Begin the session of somebody whom an OpenID Connect provider vouches for, and return its token.

        Sessions that are over for a day are deleted meanwhile.
        """
        token = SessionToken.fresh(org_id, str(uuid4()))
        async with self.database.unit_of_work(org_id) as session:
            await _delete_old(session, at)
            row = ConsoleSessionRow(
                id=UUID(token.session_id),
                org_id=as_id(org_id, "organization"),
                csrf_token=secrets.token_urlsafe(32),
                digest=token.digest(),
                signed_in_at=at,
                rotated_at=at,
                last_used_at=at,
                expires_at=at + SESSION_LIFETIME,
                **new.model_dump(),
            )
            session.add(row)
            _audit(session, await written(session, row), "console_session.signed_in", at, new)
        return token

    async def find_valid(self, token: SessionToken, at: datetime) -> SignedIn | None:
        """Return the session that a request shows, with a new token once its secret is old; None where it is over."""
        async with self.database.unit_of_work(token.org_id) as session:
            row = await session.get(ConsoleSessionRow, UUID(token.session_id))
            if row is None or not _is_valid(row, token, at):
                return None
            if _before(row.rotated_at, at - ROTATED_AFTER):
                return await _rotated(session, token, at)
            if _before(row.last_used_at, at - USE_RECORDED_EVERY):
                row.last_used_at = at
            return SignedIn(_record(row))

    async def end(self, record: ConsoleSessionRecord, change: ChangeContext) -> None:
        """Sign out; over already stays so."""
        async with self.database.unit_of_work(record.org_id) as session:
            row = await session.get(ConsoleSessionRow, UUID(record.session_id), with_for_update=True)
            if row is not None and row.ended_at is None:
                row.ended_at = change.at
                recorder_of(session, row.org_id, change).audit("console_session.ended", (_KIND, row.id))


async def _rotated(session: AsyncSession, token: SessionToken, at: datetime) -> SignedIn | None:
    """Replace the secret, unless another request has done so meanwhile."""
    row = await _locked(session, token)
    if row is None or not _is_valid(row, token, at):
        return None
    if not token.matches(row.digest):
        return SignedIn(_record(row))
    fresh = SessionToken.fresh(token.org_id, token.session_id)
    row.previous_digest, row.digest = row.digest, fresh.digest()
    row.rotated_at = row.last_used_at = at
    return SignedIn(_record(row), fresh)


async def _locked(session: AsyncSession, token: SessionToken) -> ConsoleSessionRow | None:
    key = UUID(token.session_id)
    return await session.get(ConsoleSessionRow, key, with_for_update=True, populate_existing=True)


def _opens(row: ConsoleSessionRow, token: SessionToken, at: datetime) -> bool:
    return token.matches(row.link_digest) and row.ended_at is None and at < row.expires_at


def _is_valid(row: ConsoleSessionRow, token: SessionToken, at: datetime) -> bool:
    overlaps = not _before(row.rotated_at, at - OVERLAP) and token.matches(row.previous_digest)
    is_over = row.ended_at is not None or row.expires_at <= at or _before(row.last_used_at, at - IDLE_LIFETIME)
    return (token.matches(row.digest) or overlaps) and not is_over


def _before(moment: datetime | None, other: datetime) -> bool:
    return moment is not None and moment < other


async def _delete_old(session: AsyncSession, at: datetime) -> None:
    over = ConsoleSessionRow.expires_at < at - timedelta(days=1)
    await session.execute(delete(ConsoleSessionRow).where(over))


def _audit(
    session: AsyncSession, row: ConsoleSessionRow, action: str, at: datetime, new: NewConsoleSession | None = None
) -> None:
    change = ChangeContext(actor=_record(row).actor, at=at)
    after = new.model_dump(mode="json") if new else None
    recorder_of(session, row.org_id, change).audit(action, (_KIND, row.id), after=after)


def _record(row: ConsoleSessionRow) -> ConsoleSessionRecord:
    return from_row(ConsoleSessionRecord, row, session_id=str(row.id))

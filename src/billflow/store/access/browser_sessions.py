"""Sessions of browsers as rows, of whatever kind: links that open once, secrets that are replaced, and their end."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.console import IDLE_LIFETIME, OVERLAP, ROTATED_AFTER, SESSION_LIFETIME, SessionToken
from billflow.models.tables.browser_sessions import BrowserSession

USE_RECORDED_EVERY = timedelta(minutes=1)

Row = TypeVar("Row", bound=BrowserSession)


@dataclass(frozen=True)
class KnownBrowser(Generic[Row]):
    """A session, and the token under which its browser is known from now on where that is another one."""

    row: Row
    token: SessionToken | None = None


def fresh_link(org_id: str, expires_at: datetime) -> tuple[SessionToken, dict[str, Any]]:
    """Return a new link's token, which is nowhere else, and the columns of its session."""
    token, columns = _fresh(org_id, expires_at)
    return token, {**columns, "link_digest": token.digest()}


def fresh_session(org_id: str, at: datetime) -> tuple[SessionToken, dict[str, Any]]:
    """Return the token of a session that begins without a link, which is nowhere else, and the session's columns."""
    token, columns = _fresh(org_id, at + SESSION_LIFETIME)
    begun_at = dict.fromkeys(("signed_in_at", "rotated_at", "last_used_at"), at)
    return token, {**columns, **begun_at, "digest": token.digest()}


def _fresh(org_id: str, expires_at: datetime) -> tuple[SessionToken, dict[str, Any]]:
    token = SessionToken.fresh(org_id, str(uuid4()))
    csrf_token = secrets.token_urlsafe(32)
    return token, {
        "id": UUID(token.session_id),
        "org_id": UUID(org_id),
        "csrf_token": csrf_token,
        "expires_at": expires_at,
    }


async def linked(session: AsyncSession, table: type[Row], token: SessionToken, at: datetime) -> Row | None:
    """Return the session that a link signs in to, None where it does not or not any more."""
    row = await session.get(table, UUID(token.session_id))
    return row if row and _opens(row, token, at) else None


async def begun(
    session: AsyncSession, table: type[Row], token: SessionToken, at: datetime, browser: bytes
) -> KnownBrowser[Row] | None:
    """Begin the session of a link for *browser*, which works this once; None where it does not or not any more."""
    row = await _locked(session, table, token)
    if row is None or not _opens(row, token, at):
        return None
    fresh = token.begun_by(browser)
    row.link_digest, row.digest = None, fresh.digest()
    row.signed_in_at = row.rotated_at = row.last_used_at = at
    row.expires_at = at + SESSION_LIFETIME
    return KnownBrowser(row, fresh)


async def begun_before(
    session: AsyncSession, table: type[Row], token: SessionToken, at: datetime, browser: bytes
) -> KnownBrowser[Row] | None:
    """Return the session that the same browser has begun by a link, as a second click asks for; None for any other."""
    row, begun_token = await session.get(table, UUID(token.session_id)), token.begun_by(browser)
    return KnownBrowser(row, begun_token) if row and _is_valid(row, begun_token, at) else None


async def recognized(
    session: AsyncSession, table: type[Row], token: SessionToken, at: datetime
) -> KnownBrowser[Row] | None:
    """Return the session that a request shows, with a new token once its secret is old; None where it is over."""
    row = await session.get(table, UUID(token.session_id))
    if row is None or not _is_valid(row, token, at):
        return None
    if _before(row.rotated_at, at - ROTATED_AFTER):
        return await _rotated(session, table, token, at)
    if _before(row.last_used_at, at - USE_RECORDED_EVERY):
        row.last_used_at = at
    return KnownBrowser(row)


async def _rotated(
    session: AsyncSession, table: type[Row], token: SessionToken, at: datetime
) -> KnownBrowser[Row] | None:
    """Replace the secret, unless another request has done so meanwhile."""
    row = await _locked(session, table, token)
    if row is None or not _is_valid(row, token, at):
        return None
    if not token.matches(row.digest):
        return KnownBrowser(row)
    fresh = SessionToken.fresh(token.org_id, token.session_id)
    row.previous_digest, row.digest = row.digest, fresh.digest()
    row.rotated_at = row.last_used_at = at
    return KnownBrowser(row, fresh)


async def _locked(session: AsyncSession, table: type[Row], token: SessionToken) -> Row | None:
    key = UUID(token.session_id)
    return await session.get(table, key, with_for_update=True, populate_existing=True)


def _opens(row: BrowserSession, token: SessionToken, at: datetime) -> bool:
    return token.matches(row.link_digest) and row.ended_at is None and at < row.expires_at


def _is_valid(row: BrowserSession, token: SessionToken, at: datetime) -> bool:
    overlaps = not _before(row.rotated_at, at - OVERLAP) and token.matches(row.previous_digest)
    is_over = row.ended_at is not None or row.expires_at <= at or _before(row.last_used_at, at - IDLE_LIFETIME)
    return (token.matches(row.digest) or overlaps) and not is_over


def _before(moment: datetime | None, other: datetime) -> bool:
    return moment is not None and moment < other

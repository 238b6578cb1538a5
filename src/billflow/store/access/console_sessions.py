"""Sessions of the console as rows: who was let in by whom, in which role."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.console import (
    LINK_LIFETIME,
    ConsoleSessionRecord,
    IssuedLink,
    NewConsoleSession,
    SessionToken,
    SignedIn,
)
from billflow.models.contracts.customers import ChangeContext
from billflow.models.tables import ConsoleSessionRow
from billflow.store.access.browser_sessions import begun, begun_before, fresh_link, fresh_session, linked, recognized
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Repository
from billflow.store.session.rows import from_row, written

_KIND = "console_session"


class PostgresConsoleSessionRepository(Repository):
    """The console's sessions; every method is one transaction."""

    async def create_link(self, org_id: str, new: NewConsoleSession, change: ChangeContext) -> IssuedLink:
        """Make a session that whoever shows the token signs in to, once and within `LINK_LIFETIME`.

        Sessions that are over for a day are deleted meanwhile.
        """
        token, columns = fresh_link(org_id, change.at + LINK_LIFETIME)
        async with self.database.unit_of_work(org_id) as session:
            await _delete_old(session, change.at)
            row = ConsoleSessionRow(**columns, **new.model_dump())
            session.add(row)
            record = _record(await written(session, row))
            after = new.model_dump(mode="json")
            recorder_of(session, row.org_id, change).audit("console_session.created", (_KIND, row.id), after=after)
        return IssuedLink(record=record, token=SecretStr(token.text()))

    async def linked(self, token: SessionToken, at: datetime) -> ConsoleSessionRecord | None:
        """Return the session that a link signs in to, None where it does not or not any more."""
        async with self.database.unit_of_work(token.org_id) as session:
            row = await linked(session, ConsoleSessionRow, token, at)
            return _record(row) if row else None

    async def sign_in(self, token: SessionToken, at: datetime, browser: bytes) -> SignedIn | None:
        """Begin the session of a link, which works once, and again for the *browser* that began it; None for others."""
        async with self.database.unit_of_work(token.org_id) as session:
            known = await begun(session, ConsoleSessionRow, token, at, browser)
            if known is None:
                known = await begun_before(session, ConsoleSessionRow, token, at, browser)
                return SignedIn(_record(known.row), known.token) if known else None
            _audit(session, known.row, "console_session.signed_in", at)
            return SignedIn(_record(known.row), known.token)

    async def begin(self, org_id: str, new: NewConsoleSession, at: datetime) -> SessionToken:
        """Begin the session of somebody whom an OpenID Connect provider vouches for, and return its token.

        Sessions that are over for a day are deleted meanwhile.
        """
        token, columns = fresh_session(org_id, at)
        async with self.database.unit_of_work(org_id) as session:
            await _delete_old(session, at)
            row = ConsoleSessionRow(**columns, **new.model_dump())
            session.add(row)
            _audit(session, await written(session, row), "console_session.signed_in", at, new)
        return token

    async def find_valid(self, token: SessionToken, at: datetime) -> SignedIn | None:
        """Return the session that a request shows, with a new token once its secret is old; None where it is over."""
        async with self.database.unit_of_work(token.org_id) as session:
            known = await recognized(session, ConsoleSessionRow, token, at)
            return SignedIn(_record(known.row), known.token) if known else None

    async def end(self, record: ConsoleSessionRecord, change: ChangeContext) -> None:
        """Sign out; over already stays so."""
        async with self.database.unit_of_work(record.org_id) as session:
            row = await session.get(ConsoleSessionRow, UUID(record.session_id), with_for_update=True)
            if row is not None and row.ended_at is None:
                row.ended_at = change.at
                recorder_of(session, row.org_id, change).audit("console_session.ended", (_KIND, row.id))


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

"""Links into the customer portal as rows: made, opened once, revoked."""

from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import and_, case, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.console import SessionToken
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.portal import (
    FRAME_SESSION_LIFETIME,
    CreatedPortalLink,
    PortalLinkCreate,
    PortalLinkRecord,
    PortalSession,
    PortalVisitor,
)
from billflow.models.tables import BillingAccountRow, CustomerRow, PortalLinkRow
from billflow.store.access.browser_sessions import KnownBrowser, begun, begun_before, fresh_link, linked, recognized
from billflow.store.access.portal import settings_of
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.transactions import customer_change, customer_read
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, existing, from_row, written

KEPT_AFTER_END = timedelta(days=1)
MOST_ADDRESSEES = 5
"""Customers whose links one address is sent at once: an accountant may look after several."""


class PostgresPortalLinkRepository(Repository):
    """Links into the portal; every method is one transaction. Unknown customers raise `NotFound`."""

    async def create(self, ref: CustomerRef, new: PortalLinkCreate, change: ChangeContext) -> CreatedPortalLink:
        """Make a link that opens the portal of one customer, once.

        Raises `InvalidInput` for an end out of bounds, and for an origin whose pages may not frame the portal. Links
        that are over for a day are deleted meanwhile.
        """
        token, columns = fresh_link(ref.org_id, new.checked_end(change.at))
        async with customer_change(self.database, ref, change) as (customer, recorder):
            if new.origin is not None and not await _may_frame(recorder.session, ref.org_id, new.origin):
                message = "Pages of this origin may not frame the portal; allow them: `billflow portal set`."
                raise InvalidInput(message, code="origin_not_allowed", field="origin")
            over = PortalLinkRow.expires_at < change.at - KEPT_AFTER_END
            await recorder.session.execute(delete(PortalLinkRow).where(over))
            row = PortalLinkRow(**columns, customer_id=customer.id, return_url=new.return_url, origin=new.origin)
            recorder.session.add(row)
            record = _record(await written(recorder.session, row))
            _audit(recorder, row, "created")
            return CreatedPortalLink(record=record, token=SecretStr(token.text()))

    async def addressees(self, org_id: str, email: str) -> tuple[tuple[CustomerRef, str], ...]:
        """Return whose own address, or whose address for invoices, an e-mail address is, and how we have it.

        Only what we have may be written to: one that equals it in small letters may be somebody else's.
        """
        wanted, invoice_email = email.lower(), BillingAccountRow.invoice_email
        account = and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default)
        known = case((CustomerRow.email_key == wanted, CustomerRow.email), else_=invoice_email)
        query = (
            select(CustomerRow.id, known)
            .join(BillingAccountRow, account)
            .where(CustomerRow.deleted_at.is_(None), CustomerRow.erased_at.is_(None))
            .where(or_(CustomerRow.email_key == wanted, func.lower(invoice_email) == wanted))
            .order_by(CustomerRow.id)
            .limit(MOST_ADDRESSEES)
        )
        async with self.database.unit_of_work(org_id) as session:
            found = await session.execute(query)
            return tuple((CustomerRef(org_id=org_id, customer_id=str(one)), address) for one, address in found)

    async def list(self, ref: CustomerRef) -> tuple[PortalLinkRecord, ...]:
        """Return a customer's links, the newest first."""
        async with customer_read(self.database, ref) as (customer, session):
            mine = select(PortalLinkRow).where(PortalLinkRow.customer_id == customer.id)
            rows = await session.scalars(mine.order_by(PortalLinkRow.created_at.desc(), PortalLinkRow.id))
            return tuple(map(_record, rows))

    async def revoke(self, ref: CustomerRef, portal_link_id: str, change: ChangeContext) -> None:
        """End a link and its session, which is over already or not; raises `NotFound` for one of another customer."""
        key = as_id(portal_link_id, "portal link")
        async with customer_change(self.database, ref, change) as (customer, recorder):
            row = await recorder.session.get(PortalLinkRow, key, with_for_update=True)
            mine = existing(row if row and row.customer_id == customer.id else None, "portal link", portal_link_id)
            if mine.ended_at is None:
                mine.ended_at = change.at
                _audit(recorder, mine, "revoked")

    async def linked(self, token: SessionToken, at: datetime) -> PortalLinkRecord | None:
        """Return the link that a token is of, None where it does not open or not any more."""
        async with self.database.unit_of_work(token.org_id) as session:
            row = await linked(session, PortalLinkRow, token, at)
            return _record(row) if row and row.origin is None else None

    async def open(
        self, token: SessionToken, at: datetime, browser: bytes, *, in_frame: bool = False
    ) -> PortalVisitor | None:
        """Begin the session of a link, which works once, and again for the *browser* that began it; None for others.

        One for a frame works *in_frame* only, as long as pages of its origin may frame the portal, and no other does.
        """
        async with self.database.unit_of_work(token.org_id) as session:
            row, known = await linked(session, PortalLinkRow, token, at), None
            if row is not None and await _opens_here(session, row, in_frame=in_frame):
                known = await begun(session, PortalLinkRow, token, at, browser)
            if known is None:
                known = await begun_before(session, PortalLinkRow, token, at, browser)
                return _visitor(known) if known else None
            if in_frame:
                known.row.expires_at = at + FRAME_SESSION_LIFETIME
            visitor = _visitor(known)
            change = ChangeContext(actor=visitor.session.actor, at=at)
            _audit(recorder_of(session, known.row.org_id, change), known.row, "opened")
            return visitor

    async def find_valid(self, token: SessionToken, at: datetime) -> PortalVisitor | None:
        """Return the session that a request shows, with a new token once its secret is old; None where it is over."""
        async with self.database.unit_of_work(token.org_id) as session:
            known = await recognized(session, PortalLinkRow, token, at)
            return _visitor(known) if known else None


async def _opens_here(session: AsyncSession, row: PortalLinkRow, *, in_frame: bool) -> bool:
    if row.origin is None or not in_frame:
        return row.origin is None and not in_frame
    return await _may_frame(session, str(row.org_id), row.origin)


async def _may_frame(session: AsyncSession, org_id: str, origin: str) -> bool:
    return origin in (await settings_of(session, org_id)).embed_origins


def _audit(recorder: Recorder, row: PortalLinkRow, what: str) -> None:
    detail = {"portal_link_id": str(row.id)}
    recorder.audit(f"portal_link.{what}", ("customer", row.customer_id), detail=detail)


def _record(row: PortalLinkRow) -> PortalLinkRecord:
    return from_row(PortalLinkRecord, row, portal_link_id=str(row.id), opened_at=row.signed_in_at)


def _visitor(known: KnownBrowser[PortalLinkRow]) -> PortalVisitor:
    row = known.row
    return PortalVisitor(
        from_row(PortalSession, row, portal_link_id=str(row.id), opened_at=row.signed_in_at), known.token
    )

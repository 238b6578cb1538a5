"""The newest version of a seller, as any transaction of its organization reads it: a version never changes."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.settings import BillingSettings
from billflow.models.contracts.seller import SellerDocument
from billflow.models.tables import SellerVersionRow

_MOST_KNOWN = 1000

NEWEST_SELLER = (
    select(SellerVersionRow.id).order_by(SellerVersionRow.version.desc()).limit(1).correlate(None).scalar_subquery()
)
"""The id of who sells now, for a query that loads something else too; read with `seller_of`."""

_known: dict[UUID, SellerDocument] = {}


async def seller_of(session: AsyncSession, version_id: UUID | None) -> SellerDocument | None:
    """Return the seller of that version, which is read once in each process; None for None."""
    if version_id is None:
        return None
    if version_id not in _known:
        content = await session.scalar(select(SellerVersionRow.content).where(SellerVersionRow.id == version_id))
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[version_id] = SellerDocument.model_validate(content)
    return _known[version_id]


async def current_seller(session: AsyncSession) -> tuple[UUID | None, SellerDocument | None]:
    """Return who sells now, and by which version; None as long as nothing was applied."""
    version_id = await session.scalar(select(NEWEST_SELLER))
    return version_id, await seller_of(session, version_id)


def with_terms(settings: BillingSettings, seller: SellerDocument | None) -> BillingSettings:
    """Return *settings* with the seller's days until invoices are due (rules 8.5)."""
    return replace(settings, **seller.payment_terms.model_dump()) if seller else settings

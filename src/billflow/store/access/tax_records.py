"""How an organization taxes, as any transaction of its reads it: a version never changes."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.settings import BillingSettings
from billflow.domain.tax.policy import TaxPolicy, TaxTimeline
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.models.tables import TaxVersionRow
from billflow.store.access.seller_records import current_seller, with_terms

_MOST_KNOWN = 1000
_NEWEST_FIRST = aggregate_order_by(TaxVersionRow.id, TaxVersionRow.version.desc())

TAX_VERSIONS = select(func.array_agg(_NEWEST_FIRST)).correlate(None).scalar_subquery()
"""The ids of all versions, the newest first, for a query that loads something else too; read with `settings_by`."""

_known: dict[UUID, TaxPolicy] = {}


async def settings_by(
    session: AsyncSession,
    settings: BillingSettings,
    seller: SellerDocument | None,
    versions: Sequence[UUID] | None,
) -> BillingSettings:
    """Return *settings* with what the *seller* and the *versions* of how it taxes make of them."""
    home = seller.address.country if seller else None
    policies = [replace(one, home=home) for one in await _policies(session, versions or ())]
    return replace(with_terms(settings, seller), tax=TaxTimeline(tuple(policies)))


async def current_settings(session: AsyncSession, settings: BillingSettings) -> BillingSettings:
    """Return *settings* with what the seller and its taxes make of them now."""
    _, seller = await current_seller(session)
    return await settings_by(session, settings, seller, await session.scalar(select(TAX_VERSIONS)))


async def _policies(session: AsyncSession, versions: Sequence[UUID]) -> list[TaxPolicy]:
    """Return versions as they are applied, each of which is read once in each process."""
    known = {one: _known[one] for one in versions if one in _known}
    if missing := [one for one in versions if one not in known]:
        query = select(TaxVersionRow.id, TaxVersionRow.content).where(TaxVersionRow.id.in_(missing))
        known |= {
            version_id: TaxDocument.model_validate(content).policy()
            for version_id, content in await session.execute(query)
        }
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known.update(known)
    return [known[one] for one in versions]

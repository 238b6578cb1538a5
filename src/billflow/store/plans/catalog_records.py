"""The newest catalogue of an organization, as any transaction of its reads it: a version never changes."""

from types import MappingProxyType
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import Catalog
from billflow.models.contracts.catalog import CATALOG_FILE
from billflow.models.tables import CatalogVersionRow, CustomerPlan

_MOST_KNOWN = 1000
_NEWEST_FIRST = CatalogVersionRow.version.desc()

NEWEST_CATALOG = select(CatalogVersionRow.id).order_by(_NEWEST_FIRST).limit(1).scalar_subquery()
"""The id of what the organization sells from, for a query that loads something else too; read with `catalog_of`."""

_CONTENT = select(CatalogVersionRow.content).order_by(_NEWEST_FIRST).limit(1).scalar_subquery()
TIER_NAME = func.coalesce(func.jsonb_extract_path_text(_CONTENT, "tier", CustomerPlan.tier, "name"), CustomerPlan.tier)
"""What the organization calls a plan's tier."""

_known: dict[UUID, Catalog] = {}


async def current_catalog(session: AsyncSession) -> Catalog:
    """Return what the organization sells now: nothing, as long as it has applied no catalogue."""
    return await catalog_of(session, await session.scalar(select(NEWEST_CATALOG)))


async def former_catalog(session: AsyncSession, version: int | None, current: Catalog) -> Catalog | None:
    """Return the catalogue of an earlier version, None where *version* is none or the *current* one."""
    if version is None or version == current.version:
        return None
    query = select(CatalogVersionRow.id).where(CatalogVersionRow.version == version)
    return await catalog_of(session, await session.scalar(query))


async def catalog_of(session: AsyncSession, version_id: UUID | None) -> Catalog:
    """Return the catalogue of that version, which is read once in each process."""
    if version_id is None:
        return Catalog(MappingProxyType({}))
    if version_id not in _known:
        row = await session.get_one(CatalogVersionRow, version_id)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[version_id] = CATALOG_FILE.parse(row.content).catalog(row.version)
    return _known[version_id]

"""What an organization lets its customers do in the portal."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.portal import PortalSettings
from billflow.models.tables import Org
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_json, row_by_id

PORTAL = "portal"
"""Where an organization's settings have it."""


class PostgresPortalSettingsRepository(Repository):
    """The portal's settings; every method is one transaction."""

    async def get(self, org_id: str) -> PortalSettings:
        """Return what customers may do; everything, as long as nothing was set."""
        async with self.database.unit_of_work(org_id) as session:
            return await settings_of(session, org_id)

    async def set(self, org_id: str, settings: PortalSettings, change: ChangeContext) -> PortalSettings:
        """Set what customers may do from now on, also in sessions that have begun."""
        async with self.database.unit_of_work(org_id) as session:
            org = await row_by_id(session, Org, org_id, "organization", lock=True)
            before, after = as_json(await settings_of(session, org_id)), as_json(settings)
            values = {"settings": {**org.settings, PORTAL: after}}
            await session.execute(update(Org).where(Org.id == org.id).values(values))
            recorder_of(session, org.id, change).audit(
                "portal_settings.set", ("organization", org.id), before=before, after=after
            )
            return settings


async def settings_of(session: AsyncSession, org_id: str) -> PortalSettings:
    """Return the portal's settings within a transaction."""
    query = select(Org.settings).where(Org.id == as_id(org_id, "organization"))
    kept = await session.scalar(query) or {}
    known = kept.get(PORTAL, {})
    return PortalSettings(**{name: known[name] for name in PortalSettings.model_fields if name in known})

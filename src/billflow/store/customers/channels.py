"""The channels of projects; they inherit the settings of their project, and through it the customer's."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.inheritance import merged
from billflow.models.contracts.customer_resources import ChannelCreate, ChannelRecord, ChannelUpdate, ProjectRef
from billflow.models.tables import ChannelRow, CustomerRow
from billflow.store.customers.resources import ProjectResourceRepository


class PostgresChannelRepository(ProjectResourceRepository[ProjectRef, ChannelCreate, ChannelUpdate, ChannelRecord]):
    """Channels of a project, the oldest first."""

    table, record, noun = ChannelRow, ChannelRecord, "channel"
    order = (ChannelRow.created_at, ChannelRow.id)
    audited = ("name",)

    async def _values(self, session: AsyncSession, customer: CustomerRow, new: ChannelCreate) -> dict[str, Any]:
        return {"name": new.name, "settings": merged({}, new.settings.given())}

"""What those who did something are called: an API key by its name."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import ApiKey

KEY, PORTAL = "key", "portal"
PORTALS = "the customer, in the portal"


async def actor_names(session: AsyncSession, actors: Iterable[str | None]) -> Mapping[str | None, str]:
    """Return the name of each actor: of `key:0192…` that of the key, of `cli:ada` ada, of `system` itself.

    Of `portal:7d3a…` it is `PORTALS`: whoever opened that link, of whom no more is known.
    """
    told = {actor: actor.partition(":") for actor in actors if actor}
    ids = {UUID(name) for kind, _, name in told.values() if kind == KEY}
    named = {}
    if ids:
        found = await session.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(ids)))
        named = {str(key_id): name for key_id, name in found}
    return {
        actor: PORTALS if kind == PORTAL else named.get(name, name or kind) for actor, (kind, _, name) in told.items()
    }

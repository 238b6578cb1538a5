"""What those who did something are called: an API key by its name."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import ApiKey

KEY = "key"


async def actor_names(session: AsyncSession, actors: Iterable[str | None]) -> Mapping[str | None, str]:
    """Return the name of each actor: of `key:0192…` that of the key, of `cli:ada` ada, of `system` itself."""
    told = {actor: actor.partition(":") for actor in actors if actor}
    ids = {UUID(name) for kind, _, name in told.values() if kind == KEY}
    named = {}
    if ids:
        found = await session.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(ids)))
        named = {str(key_id): name for key_id, name in found}
    return {actor: named.get(name, name or kind) for actor, (kind, _, name) in told.items()}

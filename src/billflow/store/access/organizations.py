"""Organizations, the tenants: each sees its own rows only."""

from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from billflow.domain.errors import Refused
from billflow.models.tables import Org
from billflow.store.session.database import Repository

_ORGS = uuid5(NAMESPACE_DNS, "billflow.org")


def org_id_of(slug: str) -> str:
    """Return the id of the organization with that slug, whether or not it exists yet (decision 0010)."""
    return str(uuid5(_ORGS, slug))


@dataclass(frozen=True)
class PostgresOrganizationRepository(Repository):
    """Organizations; with `livemode` those that work with real money, and only these."""

    livemode: bool = False

    async def ensure(self, slug: str, name: str | None = None) -> str:
        """Make sure the organization exists, and return its id; raises `Refused` for one of the other mode."""
        org_id = org_id_of(slug)
        row = insert(Org).values(id=UUID(org_id), slug=slug, name=name or slug, livemode=self.livemode)
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(row.on_conflict_do_nothing())
            is_live = await session.scalar(select(Org.livemode).where(Org.id == UUID(org_id)))
        if is_live is not self.livemode:
            theirs, ours = ("live", "test") if is_live else ("test", "live")
            raise Refused(
                f"The organization {slug!r} is in {theirs} mode, but STRIPE_API_KEY is a {ours} key; use a {theirs} "
                "key, or name another organization by BILLFLOW_ORG.",
                code="wrong_mode",
            )
        return org_id

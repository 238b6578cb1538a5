"""Organizations, the tenants: each sees its own rows only."""

from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from billflow.domain.errors import Refused
from billflow.models.contracts.documents import Seller
from billflow.models.tables import Org
from billflow.store.session.database import Repository
from billflow.store.session.rows import row_by_id

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

    async def seller(self, org_id: str) -> Seller:
        """Return who bills: the organization's name, and `seller_lines` of its settings below it; raises `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            org = await row_by_id(session, Org, org_id, "organization")
        lines = org.settings.get("seller_lines")
        return Seller(name=org.name, lines=tuple(map(str, lines)) if isinstance(lines, list) else ())

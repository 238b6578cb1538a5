"""Who bills, as invoices on paper say it."""

from dataclasses import dataclass

from sqlalchemy import select

from billflow.domain.errors import NotFound
from billflow.models.contracts.documents import Seller
from billflow.models.tables import Org
from billflow.store.session.database import Database, as_id

SETTING = "seller_lines"


@dataclass(frozen=True)
class PostgresSellerQueries:
    """The organizations as sellers: their name, and `seller_lines` of their settings below it."""

    database: Database

    async def seller(self, org_id: str) -> Seller:
        """Return who bills in an organization; raises `NotFound`."""
        query = select(Org).where(Org.id == as_id(org_id, "organization"))
        async with self.database.unit_of_work(org_id) as session:
            org = (await session.scalars(query)).one_or_none()
        if org is None:
            raise NotFound(f"There is no organization {org_id!r}.")
        lines = org.settings.get(SETTING)
        return Seller(name=org.name, lines=tuple(map(str, lines)) if isinstance(lines, list) else ())

"""Who bills, as invoices on paper say it."""

from dataclasses import dataclass

from billflow.models.contracts.documents import Seller
from billflow.models.tables import Org
from billflow.store.session.database import Database
from billflow.store.session.rows import row_by_id

SETTING = "seller_lines"


@dataclass(frozen=True)
class PostgresSellerQueries:
    """The organizations as sellers: their name, and `seller_lines` of their settings below it."""

    database: Database

    async def seller(self, org_id: str) -> Seller:
        """Return who bills in an organization; raises `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            org = await row_by_id(session, Org, org_id, "organization")
        lines = org.settings.get(SETTING)
        return Seller(name=org.name, lines=tuple(map(str, lines)) if isinstance(lines, list) else ())

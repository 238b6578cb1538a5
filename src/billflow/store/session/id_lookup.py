"""Finding a row by the beginning of its id, as people type it."""

import re
from uuid import UUID

from sqlalchemy import select

from billflow.models import tables
from billflow.models.tables.base import Identified
from billflow.store.session.database import Repository

_TABLES: dict[str, type[Identified]] = {
    "customer": tables.CustomerRow,
    "plan": tables.CustomerPlan,
    "invoice": tables.InvoiceRow,
    "mail": tables.MailRow,
    "clock": tables.TestClock,
    "offer": tables.CustomerPlanOffer,
    "endpoint": tables.WebhookEndpoint,
    "API key": tables.ApiKey,
    "sponsorship request": tables.SponsorshipRequest,
}
_HEX_DIGITS = 32
_BEGINNING = re.compile(rf"[0-9a-f]{{1,{_HEX_DIGITS}}}")


class IdLookup(Repository):
    """Completes ids that people begin to type."""

    async def ids_beginning(self, org_id: str, noun: str, beginning: str, limit: int = 3) -> tuple[str, ...]:
        """Return the ids of things of a kind that begin so, *limit* at most."""
        digits = beginning.lower().replace("-", "")
        if not _BEGINNING.fullmatch(digits):
            return ()
        first, last = UUID(digits.ljust(_HEX_DIGITS, "0")), UUID(digits.ljust(_HEX_DIGITS, "f"))
        key = _TABLES[noun].id
        query = select(key).where(key.between(first, last)).order_by(key).limit(limit)
        async with self.database.unit_of_work(org_id) as session:
            return tuple(map(str, await session.scalars(query)))

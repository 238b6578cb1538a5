"""Finding a row by the beginning of its id, as people type it."""

import re
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import CustomerPlan, CustomerPlanOffer, CustomerRow, InvoiceRow, MailRow, TestClock

_NamedRow = CustomerRow | CustomerPlan | CustomerPlanOffer | InvoiceRow | TestClock | MailRow
_TABLES: dict[str, type[_NamedRow]] = {
    "customer": CustomerRow,
    "plan": CustomerPlan,
    "invoice": InvoiceRow,
    "mail": MailRow,
    "clock": TestClock,
    "offer": CustomerPlanOffer,
}
_HEX_DIGITS = 32
_BEGINNING = re.compile(rf"[0-9a-f]{{1,{_HEX_DIGITS}}}")


async def ids_beginning(session: AsyncSession, noun: str, beginning: str, limit: int) -> tuple[str, ...]:
    """Return the ids of a *noun* that begin so, *limit* at most; nothing where no id can."""
    digits = beginning.lower().replace("-", "")
    if not _BEGINNING.fullmatch(digits):
        return ()
    first, last = UUID(digits.ljust(_HEX_DIGITS, "0")), UUID(digits.ljust(_HEX_DIGITS, "f"))
    key = _TABLES[noun].id
    found = await session.scalars(select(key).where(key.between(first, last)).order_by(key).limit(limit))
    return tuple(map(str, found))

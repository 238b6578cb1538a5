"""What activities need of offers."""

from datetime import datetime
from typing import Protocol


class OfferRepository(Protocol):
    """Offers that support makes to customers."""

    async def expire(self, org_id: str, at: datetime) -> bool:
        """Mark offers expired whose time is over by *at*, some at a time; tell whether more may be left.

        Customers on a test clock live in a time of their own and are left alone.
        """

"""The journal of an organization, customer by customer."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from billflow.domain.account_facts import AccountFacts
from billflow.domain.journal import journal
from billflow.models.contracts.journal import JournalEntry
from billflow.models.tables import CustomerRow
from billflow.store.customers.statements import account_facts
from billflow.store.session.database import Repository
from billflow.store.session.rows import from_row

_AT_ONCE = 50
"""Customers in one transaction, so that what is held does not grow with the organization."""


class PostgresJournalQueries(Repository):
    """The journal; nothing here writes."""

    async def entries(
        self, org_id: str, since: datetime | None = None, until: datetime | None = None
    ) -> AsyncIterator[JournalEntry]:
        """Yield what is posted over `[since, until)`, from the beginning or all so far where one is not named.

        Customers come one after the other, each in order of time; what will be earned only later is posted ahead, on
        its day. Some customers at a time are read in one transaction.
        """
        after: UUID | None = None
        while customers := await self._customers(org_id, after):
            for customer_id, accounts in customers:
                for entry in _entries(str(customer_id), accounts):
                    if (since is None or since <= entry.at) and (until is None or entry.at < until):
                        yield entry
            after = customers[-1][0]

    async def _customers(self, org_id: str, after: UUID | None) -> Sequence[tuple[UUID, list[AccountFacts]]]:
        """Return the next customers with what happened to their accounts, in order of their ids."""
        query = select(CustomerRow).order_by(CustomerRow.id).limit(_AT_ONCE)
        async with self.database.unit_of_work(org_id) as session:
            rows = (await session.scalars(query.where(CustomerRow.id > after) if after else query)).all()
            return [(row.id, await account_facts(session, row, with_lines=True)) for row in rows]


def _entries(customer_id: str, accounts: Sequence[AccountFacts]) -> Sequence[JournalEntry]:
    return [
        from_row(JournalEntry, posting, customer_id=customer_id, currency=account.currency)
        for account in accounts
        for posting in journal(account)
    ]

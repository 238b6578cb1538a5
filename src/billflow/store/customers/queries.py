"""Customers, and what their deployments reported, as lists and pages show them."""

from datetime import datetime

from sqlalchemy import select

from billflow.models.contracts.customers import CustomerRecord, SeatReport
from billflow.models.contracts.records import CustomerFilter, ListOrder, Page, Paging
from billflow.models.tables import CustomerRow, SeatRow
from billflow.ports.customers import CustomerQueries
from billflow.store.customers.deployments import customer_of_deployment
from billflow.store.customers.records import SHOWN, ShownRows, customer_record, record_of
from billflow.store.session.database import Repository
from billflow.store.session.filters import customers_that
from billflow.store.session.paging import ALL, page
from billflow.store.session.rows import as_id, from_row
from billflow.store.session.sorting import SortKey, sorting_of

SORTED_BY = {
    "name": SortKey(CustomerRow.name_key),
    "created_at": SortKey(CustomerRow.created_at, datetime.fromisoformat),
    "status": SortKey(CustomerRow.status),
}
"""What a list of customers can be sorted by."""


class PostgresCustomerQueries(Repository, CustomerQueries):
    """What the records say of customers; nothing here writes. Unknown ids raise `NotFound`."""

    async def search(
        self, org_id: str, wanted: CustomerFilter, paging: Paging = ALL, order: ListOrder | None = None
    ) -> Page[CustomerRecord]:
        """Return one part of the customers, the newest first unless there is an *order*."""
        sorting = sorting_of(order, SORTED_BY, CustomerRow.id) or (CustomerRow.created_at, CustomerRow.id)
        async with self.database.unit_of_work(org_id) as session:
            query = SHOWN.where(*customers_that(wanted))
            return await page(session, query, sorting, paging, lambda row: record_of(ShownRows(*row)))

    async def get(self, org_id: str, customer_id: str) -> CustomerRecord:
        async with self.database.unit_of_work(org_id) as session:
            return await customer_record(session, as_id(customer_id, "customer"))

    async def of_deployment(self, org_id: str, deployment_id: str) -> CustomerRecord:
        """Return the customer of a deployment."""
        async with self.database.unit_of_work(org_id) as session:
            return await customer_record(session, await customer_of_deployment(session, deployment_id))

    async def seats(
        self, org_id: str, customer_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[SeatReport, ...]:
        """Return what the customer's deployment reported in `[since, until)`, in time order."""
        query = select(SeatRow).where(SeatRow.customer_id == as_id(customer_id, "customer"))
        if since is not None:
            query = query.where(SeatRow.observed_at >= since)
        if until is not None:
            query = query.where(SeatRow.observed_at < until)
        async with self.database.unit_of_work(org_id) as session:
            rows = await session.scalars(query.order_by(SeatRow.observed_at))
            return tuple(from_row(SeatReport, row) for row in rows)

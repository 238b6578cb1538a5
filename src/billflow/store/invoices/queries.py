"""Invoices as lists and pages show them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, InvoiceRecord, ListOrder, Page, Paging
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow
from billflow.store.invoices.records import invoice_detail, summary
from billflow.store.plans.test_clocks import next_collection
from billflow.store.session.database import Repository
from billflow.store.session.list_filters import invoices_that
from billflow.store.session.paging import ALL, FilteredQuery, page
from billflow.store.session.rows import as_id, as_record
from billflow.store.session.sort_keys import SortKey, read_moment, sorting_of

SORTED_BY = {
    "issued_at": SortKey(InvoiceRow.issued_at, read_moment),
    "due_at": SortKey(InvoiceRow.due_at, read_moment),
    "total": SortKey(InvoiceRow.total, int),
    "status": SortKey(InvoiceRow.status),
}
"""What a list of invoices can be sorted by."""

_LISTED = select(InvoiceRow, CustomerRow.name).join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)


class PostgresInvoiceQueries(Repository):
    """What the records say of invoices; nothing here writes. Unknown ids raise `NotFound`."""

    async def search(
        self, org_id: str, wanted: InvoiceFilter, paging: Paging = ALL, order: ListOrder | None = None
    ) -> Page[InvoiceRecord]:
        """Return one part of the invoices, the newest first unless there is an *order*."""
        sorting = sorting_of(order, SORTED_BY, InvoiceRow.id) or (InvoiceRow.issued_at, InvoiceRow.id)
        async with self.database.unit_of_work(org_id) as session:
            listed = FilteredQuery(_LISTED, invoices_that(wanted), ids_first=order is not None)
            return await page(session, listed, sorting, paging, _record)

    async def get(self, org_id: str, invoice_id: str) -> InvoiceDetail:
        """Return one invoice with its lines, their derivations, and the attempts to collect it."""
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            return await invoice_detail(session, invoice_id)

    async def unpaid(
        self, org_id: str, *, customer_id: str | None = None, test_clock_id: str | None = None
    ) -> tuple[InvoiceSummary, ...]:
        """Return the invoices that are still to be paid, of one customer or on one clock, the oldest first."""
        wanted = invoices_that(InvoiceFilter(customer_id=customer_id, unpaid=True))
        query = wanted.of(select(InvoiceRow).order_by(InvoiceRow.issued_at, InvoiceRow.id))
        if test_clock_id is not None:
            clock = CustomerPlan.test_clock_id == as_id(test_clock_id, "test clock")
            query = query.join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id).where(clock)
        async with self.database.unit_of_work(org_id) as session:
            return tuple(map(summary, await session.scalars(query)))

    async def next_collection_at(self, org_id: str, clock_id: str) -> datetime | None:
        """Return when collection next does something about a debt on the clock, None where it won't."""
        async with self.database.unit_of_work(org_id) as session:
            return await next_collection(session, as_id(clock_id, "test clock"))


def _record(row: Sequence[Any]) -> InvoiceRecord:
    """Return an invoice as it is listed."""
    return as_record(InvoiceRecord, row[0], customer_name=row[1])

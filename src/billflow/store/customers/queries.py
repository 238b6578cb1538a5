"""Customers, and what their deployments reported, as lists and pages show them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from billflow.models.contracts.customers import CustomerRecord, SeatReport
from billflow.models.contracts.records import CustomerFilter, ListOrder, Page, Paging
from billflow.models.tables import (
    BillingAccountRow,
    CustomerContact,
    CustomerRow,
    RemoteRealm,
    RemoteServer,
    SeatRow,
)
from billflow.ports.customers import CustomerQueries
from billflow.store.customers.deployments import customer_of_deployment
from billflow.store.customers.records import SHOWN, ShownRows, customer_record, record_of
from billflow.store.customers.search import by_each, by_terms, counting, is_common
from billflow.store.session.database import Repository
from billflow.store.session.filters import AFTER_ALL_LETTERS
from billflow.store.session.list_filters import customers_that
from billflow.store.session.paging import ALL, FilteredQuery, page
from billflow.store.session.rows import as_id, from_row
from billflow.store.session.sort_keys import SortKey, read_moment, sorting_of

SORTED_BY = {
    "name": SortKey(CustomerRow.name_key),
    "created_at": SortKey(CustomerRow.created_at, read_moment),
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
            if order is None and wanted.q is None:
                return await page(session, FilteredQuery(SHOWN, customers_that(wanted)), sorting, paging, _record)
            # No index has the names in order, nor the newest of those who have a text.
            listed = FilteredQuery(SHOWN, by_terms(wanted), ids_first=True, counting=counting(wanted))
            found = await page(session, listed, sorting, paging, _record)
            if found.rows or wanted.q is None or not await is_common(session, wanted.q):
                return found
            return await page(session, replace(listed, wanted=by_each(wanted, wanted.q)), sorting, paging, _record)

    async def on_host(self, org_id: str, text: str, most: int) -> tuple[CustomerRecord, ...]:
        """Return the newest customers, *most* of them, who run something on a host whose name begins so."""
        servers = select(RemoteServer.id).where(*_begins(RemoteServer.hostname_key, text))
        on_them = or_(and_(*_begins(RemoteRealm.host_key, text)), RemoteRealm.server_id.in_(servers))
        realms = select(RemoteRealm.id).where(on_them)
        runs = or_(CustomerRow.remote_realm_id.in_(realms), CustomerRow.remote_server_id.in_(servers))
        newest = SHOWN.where(runs).order_by(CustomerRow.created_at.desc()).limit(most)
        async with self.database.unit_of_work(org_id) as session:
            return tuple(record_of(ShownRows(*row)) for row in await session.execute(newest))

    async def written_to(self, org_id: str, email: str, most: int) -> tuple[CustomerRecord, ...]:
        """Return the newest customers, *most* of them, with a contact or an address for invoices that is *email*."""
        wanted = email.lower()
        contacts = select(CustomerContact.customer_id).where(CustomerContact.email_key == wanted)
        accounts = (
            select(BillingAccountRow.customer_id)
            .correlate(None)
            .where(func.lower(BillingAccountRow.invoice_email) == wanted)
        )
        theirs = or_(CustomerRow.id.in_(contacts), CustomerRow.id.in_(accounts))
        newest = SHOWN.where(theirs).order_by(CustomerRow.created_at.desc()).limit(most)
        async with self.database.unit_of_work(org_id) as session:
            return tuple(record_of(ShownRows(*row)) for row in await session.execute(newest))

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


def _record(row: Any) -> CustomerRecord:
    return record_of(ShownRows(*row))


def _begins(column: InstrumentedAttribute[str], text: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return that a host's name begins so, in capitals or not."""
    begin = text.lower()
    return column >= begin, column < begin + AFTER_ALL_LETTERS

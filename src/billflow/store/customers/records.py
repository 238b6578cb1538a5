"""Customers as they are shown, with what they run on and pay from."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.errors import InternalError
from billflow.models.contracts.customers import (
    BillingAccountRecord,
    CustomerPricing,
    CustomerRecord,
    Deployment,
    DeploymentKind,
)
from billflow.models.tables import BillingAccountRow, CustomerRow, Realm, RemoteRealm, RemoteServer
from billflow.store.customers.contacts import contacts_of
from billflow.store.plans.mapping import hosting_of
from billflow.store.session.plain_rows import plain_row
from billflow.store.session.rows import as_record, existing, from_row

SHOWN: Select[*tuple[Any, ...]] = (
    select(
        CustomerRow,
        BillingAccountRow,
        Realm.string_id,
        func.coalesce(RemoteRealm.host, RemoteServer.hostname),
        func.coalesce(RemoteRealm.uuid, RemoteServer.uuid),
    )
    .join(BillingAccountRow, and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default))
    .outerjoin(Realm, Realm.id == CustomerRow.realm_id)
    .outerjoin(RemoteRealm, RemoteRealm.id == CustomerRow.remote_realm_id)
    .outerjoin(RemoteServer, RemoteServer.id == CustomerRow.remote_server_id)
    .where(CustomerRow.deleted_at.is_(None))
    .execution_options(populate_existing=True)
)
"""Customers with all that is shown of them; read as `ShownRows`."""

_ONE = SHOWN.where(CustomerRow.id == bindparam("customer"))


class ShownRows(NamedTuple):
    """One row of `SHOWN`: a realm has a subdomain, other deployments a host and the uuid they report."""

    customer: CustomerRow
    account: BillingAccountRow
    subdomain: str | None
    host: str | None
    uuid: UUID | None


async def customer_record(session: AsyncSession, customer_id: UUID) -> CustomerRecord:
    """Return a customer as it stands in this transaction; raises `NotFound`."""
    if session.in_transaction():
        await session.flush()
    found = await plain_row(session, _ONE, {"customer": customer_id})
    record = record_of(ShownRows(*existing(found, "customer", str(customer_id))))
    return record.model_copy(update={"contacts": await contacts_of(session, customer_id)})


def record_of(rows: ShownRows) -> CustomerRecord:
    """Return a customer as it is shown."""
    customer = rows.customer
    deployment_id, deployment = _deployment(rows)
    return as_record(
        CustomerRecord,
        customer,
        deployment=deployment,
        deployment_id=deployment_id,
        hosting=hosting_of(customer),
        metadata=customer.metadata_,
        pricing=from_row(CustomerPricing, customer),
        billing_account=as_record(BillingAccountRecord, rows.account),
        contacts=(),
    )


def _deployment(rows: ShownRows) -> tuple[UUID, Deployment]:
    customer = rows.customer
    if customer.realm_id is not None and rows.subdomain is not None:
        return customer.realm_id, Deployment(kind=DeploymentKind.REALM, name=rows.subdomain)
    kind = DeploymentKind.REMOTE_REALM if customer.remote_realm_id else DeploymentKind.REMOTE_SERVER
    deployment_id = customer.remote_realm_id or customer.remote_server_id
    if deployment_id is None or rows.host is None:
        raise InternalError(f"Customer {customer.id} has no deployment.")
    return deployment_id, Deployment(kind=kind, name=rows.host, uuid=rows.uuid)

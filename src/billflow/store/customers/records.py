"""Customers as they are shown, with what they run on and pay from."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound
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


class ShownRows(NamedTuple):
    """One row of `SHOWN`: a realm has a subdomain, other deployments a host and the uuid they report."""

    customer: CustomerRow
    account: BillingAccountRow
    subdomain: str | None
    host: str | None
    uuid: UUID | None


async def customer_record(session: AsyncSession, customer_id: UUID) -> CustomerRecord:
    """Return a customer as it stands in this transaction; raises `NotFound`."""
    await session.flush()
    found = (await session.execute(SHOWN.where(CustomerRow.id == customer_id))).one_or_none()
    if found is None:
        raise NotFound(f"There is no customer {str(customer_id)!r}.")
    record = record_of(ShownRows(*found))
    return record.model_copy(update={"contacts": await contacts_of(session, customer_id)})


def record_of(rows: ShownRows) -> CustomerRecord:
    """Return a customer as it is shown."""
    customer = rows.customer
    deployment_id, deployment = _deployment(rows)
    return CustomerRecord(
        org_id=str(customer.org_id),
        customer_id=str(customer.id),
        name=customer.name,
        email=customer.email,
        status=customer.status,
        suspended_at=customer.suspended_at,
        deployment=deployment,
        deployment_id=str(deployment_id),
        hosting=hosting_of(customer),
        erp_customer_number=customer.erp_customer_number,
        default_currency=customer.default_currency,
        default_language=customer.default_language,
        billing_address=customer.billing_address,
        shipping_address=customer.shipping_address,
        metadata=customer.metadata_,
        settings=customer.settings,
        pricing=pricing_of(customer),
        billing_account=account_record(rows.account),
        created_at=customer.created_at,
        updated_at=customer.updated_at,
    )


def pricing_of(customer: CustomerRow) -> CustomerPricing:
    """Return what support agreed with the customer."""
    return CustomerPricing.model_validate(customer, from_attributes=True)


def account_record(account: BillingAccountRow) -> BillingAccountRecord:
    """Return a billing account as it is shown."""
    return BillingAccountRecord(
        billing_account_id=str(account.id),
        name=account.name,
        is_default=account.is_default,
        currency=account.currency,
        collection_method=account.collection_method,
        invoice_email=account.invoice_email,
        stripe_customer_id=account.stripe_customer_id,
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

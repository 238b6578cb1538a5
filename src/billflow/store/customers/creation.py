"""Customers as rows: creating one with what it runs on and pays from, and turning its status."""

import re
import unicodedata
from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.customer import GRANTED_DISCOUNT_MONTHS
from billflow.domain.errors import BillingError, NotFound, Refused
from billflow.domain.inheritance import merged
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.customers import (
    ChangeContext,
    CustomerStatus,
    Deployment,
    DeploymentKind,
    NewCustomer,
)
from billflow.models.tables import (
    BillingAccountRow,
    CustomerPlan,
    CustomerRow,
    Realm,
    RemoteRealm,
    RemoteServer,
)
from billflow.models.tables.base import Json
from billflow.store.audit.recorder import Recorder
from billflow.store.session.database import as_id

LONGEST_SLUG = 40
LIVE = or_(
    CustomerPlan.status.not_in([status for status in PlanStatus if not status.is_live]),
    CustomerPlan.awaiting_invoice_id.is_not(None),
)
"""Plans that run, or wait for their purchase to be paid."""

_TAKEN = {
    "uq_customer_email": partial(
        Refused, "Another customer has that e-mail address; name another.", code="email_taken", field="email"
    ),
    "uq_customer_erp_customer_number": partial(
        Refused,
        "Another customer has that ERP number; name another.",
        code="erp_customer_number_taken",
        field="erp_customer_number",
    ),
    "uq_customer_contact_customer_id_email_key": partial(
        Refused,
        "Another contact of the customer has that e-mail address; name another.",
        code="email_taken",
        field="email",
    ),
    "uq_sponsorship_request_pending": partial(
        Refused,
        "Another request of the customer waits for a decision; decide that one first.",
        code="sponsorship_pending",
        field="status",
    ),
    "uq_project_customer_id_slug": partial(
        Refused, "Another project of the customer has that slug; name another.", code="slug_taken", field="slug"
    ),
    "uq_channel_project_id_name": partial(
        Refused, "Another channel of the project has that name; name another.", code="name_taken", field="name"
    ),
    "uq_realm_org_id_string_id": partial(
        Refused, "Another customer has that realm; name another.", code="deployment_taken", field="deployment"
    ),
    "uq_remote_realm_org_id_uuid": partial(
        Refused, "Another customer has that remote realm; name another.", code="deployment_taken", field="deployment"
    ),
    "uq_remote_server_org_id_uuid": partial(
        Refused, "Another customer has that server; name another.", code="deployment_taken", field="deployment"
    ),
}
_NO_ORG = ("fk_realm_org_id", "fk_remote_realm_org_id", "fk_remote_server_org_id")
_DeploymentRow = Realm | RemoteRealm | RemoteServer


def explained(error: IntegrityError) -> BillingError | IntegrityError:
    """Return what a broken constraint means to the caller, or the error itself."""
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    if constraint in _NO_ORG:
        return NotFound("There is no such organization; create it first.")
    return _TAKEN[constraint]() if constraint in _TAKEN else error


async def create(recorder: Recorder, new: NewCustomer) -> UUID:
    """Write a customer with its deployment and default billing account, and return its id."""
    session, org_id = recorder.session, recorder.org_id
    deployment = await _deployment(recorder, new)
    customer = _customer(org_id, new, deployment)
    session.add(customer)
    await session.flush()
    session.add(_account(customer, new))
    recorder.audit("customer.created", ("customer", customer.id), after=new.model_dump(mode="json"))
    recorder.say("customer.created", {"name": new.name, "email": new.email}, customer_id=customer.id)
    await session.flush()
    return customer.id


def _customer(org_id: UUID, new: NewCustomer, deployment: _DeploymentRow) -> CustomerRow:
    return CustomerRow(
        id=uuid4(),
        org_id=org_id,
        realm_id=deployment.id if isinstance(deployment, Realm) else None,
        remote_realm_id=deployment.id if isinstance(deployment, RemoteRealm) else None,
        remote_server_id=deployment.id if isinstance(deployment, RemoteServer) else None,
        name=new.name,
        email=new.email,
        erp_customer_number=new.erp_customer_number,
        default_currency=new.default_currency,
        default_language=new.default_language,
        billing_address=address_of(new.billing_address),
        shipping_address=address_of(new.shipping_address),
        metadata_=merged({}, new.metadata),
        settings=merged({}, new.settings.given()),
        flat_discounted_months=0 if isinstance(deployment, Realm) else GRANTED_DISCOUNT_MONTHS,
    )


def address_of(address: Address | None) -> Json | None:
    """Return an address as its row keeps it."""
    return None if address is None else address.model_dump(mode="json", exclude_none=True)


def _account(customer: CustomerRow, new: NewCustomer) -> BillingAccountRow:
    return BillingAccountRow(
        id=uuid4(),
        org_id=customer.org_id,
        customer_id=customer.id,
        name="default",
        is_default=True,
        currency=new.default_currency,
        collection_method=new.collection_method,
    )


async def _deployment(recorder: Recorder, new: NewCustomer) -> _DeploymentRow:
    if new.deployment is None:
        return await _own_realm(recorder, new.name)
    row = _asked_for(new.deployment, recorder.org_id, new)
    recorder.session.add(row)
    await recorder.session.flush()
    return row


def _asked_for(asked: Deployment, org_id: UUID, new: NewCustomer) -> _DeploymentRow:
    if asked.kind is DeploymentKind.REALM:
        return Realm(id=uuid4(), org_id=org_id, string_id=asked.name, name=new.name)
    if asked.kind is DeploymentKind.REMOTE_REALM:
        return RemoteRealm(id=uuid4(), org_id=org_id, uuid=asked.uuid, host=asked.name, name=new.name)
    return RemoteServer(id=uuid4(), org_id=org_id, uuid=asked.uuid, hostname=asked.name, contact_email=new.email)


async def _own_realm(recorder: Recorder, name: str) -> Realm:
    """Create a realm under the name's subdomain, or one like it where that is taken, even at this moment."""
    slug = slug_of(name)
    for candidate in (slug, f"{slug}-{uuid4().hex[:8]}"):
        row = insert(Realm).values(org_id=recorder.org_id, string_id=candidate, name=name)
        query = select(Realm).from_statement(row.on_conflict_do_nothing().returning(Realm))
        realm: Realm | None = (await recorder.session.scalars(query)).one_or_none()
        if realm is not None:
            return realm
    raise Refused("No subdomain is free for that name; name a deployment.", code="no_free_slug", field="deployment")


def slug_of(name: str, otherwise: str = "realm") -> str:
    """Return *name* as a subdomain: `Müller & Söhne` gives `muller-sohne`; *otherwise* where no letter is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-") or otherwise


async def held_with_plans(session: AsyncSession, customer_id: str) -> tuple[CustomerRow, Sequence[CustomerPlan]]:
    """Load and hold a customer's running plans and then the customer, in the order that steps do.

    Raises `NotFound`.
    """
    key = as_id(customer_id, "customer")
    query = select(CustomerPlan).where(CustomerPlan.customer_id == key, LIVE).order_by(CustomerPlan.id)
    plans = (await session.scalars(query.with_for_update(key_share=True))).all()
    customer = await session.get(CustomerRow, key, with_for_update={"key_share": True})
    if customer is None or customer.deleted_at is not None:
        raise NotFound(f"There is no customer {customer_id!r}.")
    return customer, plans


def turn(customer: CustomerRow, status: CustomerStatus, recorder: Recorder, change: ChangeContext) -> None:
    """Give the customer another status; the same again is no news."""
    if customer.status is status:
        return
    was = customer.status
    customer.status = status
    customer.suspended_at = change.at if status is CustomerStatus.SUSPENDED else None
    event = _EVENTS[status]
    detail = {"reason": change.reason}
    recorder.audit(event, ("customer", customer.id), before={"status": was}, after={"status": status}, detail=detail)
    recorder.say(event, detail, customer_id=customer.id)


_EVENTS = {
    CustomerStatus.ACTIVE: "customer.activated",
    CustomerStatus.SUSPENDED: "customer.suspended",
    CustomerStatus.INACTIVE: "customer.deactivated",
}


async def runs_on(session: AsyncSession, deployment_id: str) -> UUID:
    """Return the id of the customer of a deployment; raises `NotFound`."""
    key = as_id(deployment_id, "deployment")
    query = select(CustomerRow.id).where(
        or_(CustomerRow.realm_id == key, CustomerRow.remote_realm_id == key, CustomerRow.remote_server_id == key)
    )
    customer_id = (await session.scalars(query)).one_or_none()
    if customer_id is None:
        raise NotFound(f"There is no deployment {deployment_id!r}.")
    return customer_id

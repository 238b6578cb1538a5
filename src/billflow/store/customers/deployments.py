"""What a customer runs the product on: a realm of ours, or a remote deployment that reports itself."""

import re
import unicodedata
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.customers import Deployment, DeploymentKind, NewCustomer
from billflow.models.tables import CustomerRow, Realm, RemoteRealm, RemoteServer
from billflow.store.audit.recorder import Recorder
from billflow.store.session.rows import as_id, existing

LONGEST_SLUG = 40
DeploymentRow = Realm | RemoteRealm | RemoteServer


async def create_deployment(recorder: Recorder, new: NewCustomer) -> DeploymentRow:
    """Write the deployment of a new customer, a realm of its own where *new* names none."""
    if new.deployment is None:
        return await _own_realm(recorder, new.name)
    row = _row(new.deployment, recorder.org_id, new)
    recorder.session.add(row)
    await recorder.session.flush()
    return row


def _row(deployment: Deployment, org_id: UUID, new: NewCustomer) -> DeploymentRow:
    if deployment.kind is DeploymentKind.REALM:
        return Realm(id=uuid4(), org_id=org_id, string_id=deployment.name, name=new.name)
    if deployment.kind is DeploymentKind.REMOTE_REALM:
        return RemoteRealm(id=uuid4(), org_id=org_id, uuid=deployment.uuid, host=deployment.name, name=new.name)
    return RemoteServer(
        id=uuid4(), org_id=org_id, uuid=deployment.uuid, hostname=deployment.name, contact_email=new.email
    )


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


async def customer_of_deployment(session: AsyncSession, deployment_id: str) -> UUID:
    """Return the id of the customer of a deployment; raises `NotFound`."""
    key = as_id(deployment_id, "deployment")
    query = select(CustomerRow.id).where(
        or_(CustomerRow.realm_id == key, CustomerRow.remote_realm_id == key, CustomerRow.remote_server_id == key)
    )
    return existing((await session.scalars(query)).one_or_none(), "deployment", deployment_id)

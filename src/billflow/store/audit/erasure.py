"""What we keep of a customer, all of it; and erasing who it is, while the records stay."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound, Refused
from billflow.models.contracts.customers import ChangeContext, CustomerRef, CustomerStatus
from billflow.models.contracts.personal_data import CustomerExport, Erasure
from billflow.models.tables import (
    AuditLog,
    Base,
    BillingAccountRow,
    CustomerContact,
    CustomerKey,
    CustomerPlan,
    CustomerRow,
    IdempotencyKey,
    InvoiceRow,
    MailRow,
    Onboarding,
    OutboxEvent,
    ProjectRow,
    Realm,
    RemoteRealm,
    RemoteServer,
    SponsorshipRequest,
)
from billflow.models.tables.base import Json
from billflow.store.audit.personal_data import FORGOTTEN, PersonalDataReader, customer_of, opened
from billflow.store.audit.recorder import recorder_of
from billflow.store.customers.creation import LIVE, held_with_plans
from billflow.store.invoices.drafts import UNPAID
from billflow.store.session.database import Database, as_id
from billflow.store.session.mapping import as_json

ERASED_NAME = "Erased customer"
NOWHERE = "erased.invalid"
"""A domain that nobody will ever have."""

_NOT_PERSONAL = frozenset({"customer_key", "webhook_message", "seat_observation", "outbox_event", "outbox_pending"})


@dataclass(frozen=True)
class PostgresPersonalData:
    """`ports_privacy.PersonalData` on PostgreSQL."""

    database: Database

    async def export(self, ref: CustomerRef, change: ChangeContext) -> CustomerExport:
        """Return everything that is kept of a customer: every row that names it, and its opened history."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer = await _known(session, ref)
            kept = {table.name: await _rows(session, table, customer.id) for table in _tables()}
            kept["customer"] = [_row(customer)]
            kept["deployment"] = [_row(row) for row in await _deployments(session, customer)]
            opener = await opened(session, [customer.id])
            kept["event"] = [_shown(row, opener) for row in await _events(session, customer.id)]
            kept["audit"] = [_shown(row, opener) for row in await _audit(session, customer.id)]
            recorder_of(session, customer.org_id, change).audit("customer.exported", ("customer", customer.id))
            return CustomerExport(customer_id=str(customer.id), exported_at=change.at, kept=kept)

    async def erase(self, ref: CustomerRef, change: ChangeContext) -> Erasure:
        """Replace what says who the customer is; raises `NotFound`, or `Refused` while something is to be paid."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer = await _known(session, ref, lock=True)
            if customer.erased_at is None:
                await _check_closed(session, customer)
                await _erase(session, customer)
                customer.erased_at = change.at
                recorder = recorder_of(session, customer.org_id, change)
                recorder.audit("customer.erased", ("customer", customer.id), detail={"reason": change.reason})
                recorder.say("customer.erased", {}, customer_id=customer.id)
            mine = BillingAccountRow.customer_id == customer.id, BillingAccountRow.stripe_customer_id.is_not(None)
            ids = await session.scalars(select(BillingAccountRow.stripe_customer_id).where(*mine))
            return Erasure(
                customer_id=str(customer.id),
                erased_at=customer.erased_at,
                stripe_customer_ids=tuple(filter(None, ids)),
            )


async def _known(session: AsyncSession, ref: CustomerRef, *, lock: bool = False) -> CustomerRow:
    """Load a customer, also a deleted one: its rows are still there."""
    key = as_id(ref.customer_id, "customer")
    if lock and await session.scalar(select(exists().where(CustomerRow.id == key, CustomerRow.deleted_at.is_(None)))):
        customer, _ = await held_with_plans(session, ref.customer_id)
        return customer
    found = await session.get(CustomerRow, key, with_for_update={"key_share": True} if lock else None)
    if found is None:
        raise NotFound(f"There is no customer {ref.customer_id!r}.")
    return found


async def _check_closed(session: AsyncSession, customer: CustomerRow) -> None:
    if await session.scalar(select(exists().where(CustomerPlan.customer_id == customer.id, LIVE))):
        raise Refused("The customer has a live plan; end that one first.", code="live_plan")
    unpaid = exists().where(InvoiceRow.customer_id == customer.id, InvoiceRow.status.in_(UNPAID))
    if await session.scalar(select(unpaid)):
        raise Refused("The customer has an open invoice; pay or void it first.", code="open_invoice")


async def _erase(session: AsyncSession, customer: CustomerRow) -> None:
    customer.name, customer.email = ERASED_NAME, f"{customer.id}@{NOWHERE}"
    customer.billing_address = customer.shipping_address = customer.erp_customer_number = None
    customer.settings, customer.metadata_ = {}, {}
    customer.status, customer.suspended_at = CustomerStatus.INACTIVE, None
    for table in (CustomerContact, ProjectRow, Onboarding, CustomerKey):
        await session.execute(delete(table).where(table.customer_id == customer.id))
    blank: list[tuple[Any, Json]] = [
        (BillingAccountRow, {"name": "default", "invoice_email": None}),
        (MailRow, {"recipient": NOWHERE, "subject": FORGOTTEN, "body": FORGOTTEN}),
        (SponsorshipRequest, {"website": "", "description": FORGOTTEN}),
    ]
    for table, values in blank:
        await session.execute(update(table).where(table.customer_id == customer.id).values(values))
    await _erase_deployment(session, customer)
    await _forget_answers(session, str(customer.id).encode())


async def _forget_answers(session: AsyncSession, customer_id: bytes) -> None:
    """Delete kept answers that name the customer; they are sealed, so that each must be opened."""
    query = select(IdempotencyKey.key, IdempotencyKey.body).where(IdempotencyKey.body.is_not(None))
    naming = [key async for key, body in await session.stream(query) if customer_id in (body or b"")]
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.key.in_(naming)))


async def _erase_deployment(session: AsyncSession, customer: CustomerRow) -> None:
    for row in await _deployments(session, customer):
        if isinstance(row, Realm):
            row.name, row.string_id = ERASED_NAME, f"erased-{row.id}"
        elif isinstance(row, RemoteRealm):
            row.name, row.host = ERASED_NAME, NOWHERE
        else:
            row.hostname, row.contact_email = NOWHERE, None


async def _deployments(session: AsyncSession, customer: CustomerRow) -> list[Realm | RemoteRealm | RemoteServer]:
    found: list[Realm | RemoteRealm | RemoteServer | None] = [
        await session.get(Realm, customer.realm_id) if customer.realm_id else None,
        await session.get(RemoteRealm, customer.remote_realm_id) if customer.remote_realm_id else None,
        await session.get(RemoteServer, customer.remote_server_id) if customer.remote_server_id else None,
    ]
    return [row for row in found if row is not None]


def _tables() -> list[Table]:
    tables = Base.metadata.sorted_tables
    return [table for table in tables if "customer_id" in table.columns and table.name not in _NOT_PERSONAL]


async def _rows(session: AsyncSession, table: Table, customer_id: UUID) -> list[Json]:
    found = await session.execute(select(table).where(table.c.customer_id == customer_id))
    return [as_json(dict(row)) for row in found.mappings()]


async def _events(session: AsyncSession, customer_id: UUID) -> list[OutboxEvent]:
    query = select(OutboxEvent).where(OutboxEvent.customer_id == customer_id).order_by(OutboxEvent.sequence)
    return list(await session.scalars(query))


async def _audit(session: AsyncSession, customer_id: UUID) -> list[AuditLog]:
    mine = AuditLog.subject_type == "customer", AuditLog.subject_id == str(customer_id)
    return list(await session.scalars(select(AuditLog).where(*mine).order_by(AuditLog.sequence)))


def _row(row: Base) -> Json:
    columns = row.__mapper__.column_attrs
    return as_json({column.key: getattr(row, column.key) for column in columns})


def _shown(row: AuditLog | OutboxEvent, opener: PersonalDataReader) -> Json:
    shown: Json = opener.open(customer_of(row), _row(row))
    return shown

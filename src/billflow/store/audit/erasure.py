"""Export of all that is stored of a customer, and erasure of its personal data, while the records stay."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import ChangeContext, CustomerRef, CustomerStatus
from billflow.models.contracts.personal_data import CustomerExport, Erasure
from billflow.models.tables import (
    AuditLog,
    Base,
    BillingAccountRow,
    CouponRedemptionRow,
    CreditNoteRow,
    CreditRow,
    CustomerContact,
    CustomerKey,
    CustomerPlan,
    CustomerRow,
    IdempotencyKey,
    InvoiceRow,
    MailRow,
    Onboarding,
    OutboxEvent,
    PortalLinkRow,
    ProjectRow,
    Realm,
    RefundRow,
    RemoteRealm,
    RemoteServer,
    RowVersion,
    SeatMemberRow,
    SeatPullRow,
    SeatSourceRow,
    SponsorshipRequest,
)
from billflow.models.tables.base import Json
from billflow.store.audit.former_rows import erase_former_rows, opened_content
from billflow.store.audit.personal_data import ERASED, PersonalDataReader, customer_of, personal_data_of
from billflow.store.audit.recorder import recorder_of
from billflow.store.customers.imported_objects import erase_imported_objects
from billflow.store.customers.status import check_no_live_plan, check_no_open_invoice
from billflow.store.customers.transactions import lock_with_plans
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_json, row_by_id

ERASED_NAME = "Erased customer"
NOWHERE = "erased.invalid"
"""A domain that nobody will ever have."""

_NOT_PERSONAL = frozenset(
    {
        "customer_key",
        "customer_search_term",
        "outbox_event",
        "outbox_pending",
        "portal_link",
        "row_version",
        "seat_observation",
        "seat_source",
        "webhook_message",
    }
)


class PostgresPersonalDataRepository(Repository):
    """The personal data of customers; every method is one transaction. Unknown customers raise `NotFound`."""

    async def export(self, ref: CustomerRef, change: ChangeContext) -> CustomerExport:
        """Return everything that is stored of a customer: every row that names it, and its opened history."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer = await row_by_id(session, CustomerRow, ref.customer_id, "customer")
            reader = await personal_data_of(session, [customer.id])
            rows = {table.name: await _rows(session, table, customer.id) for table in _tables()}
            rows["customer"] = [_json(customer)]
            rows["row_version"] = await _former_rows(session, customer.id)
            rows["deployment"] = [_json(row) for row in await _deployments(session, customer)]
            events = select(OutboxEvent).where(OutboxEvent.customer_id == customer.id).order_by(OutboxEvent.sequence)
            rows["event"] = [_opened(row, reader) for row in await session.scalars(events)]
            mine = AuditLog.subject_type == "customer", AuditLog.subject_id == str(customer.id)
            audit = select(AuditLog).where(*mine).order_by(AuditLog.sequence)
            rows["audit"] = [_opened(row, reader) for row in await session.scalars(audit)]
            recorder_of(session, customer.org_id, change).audit("customer.exported", ("customer", customer.id))
            return CustomerExport(customer_id=str(customer.id), exported_at=change.at, records=rows)

    async def erase(self, ref: CustomerRef, change: ChangeContext) -> Erasure:
        """Replace a customer's personal data; what was billed stays, and erased already stays as it is.

        Raises `Refused` while a plan is live or an invoice is open.
        """
        async with self.database.unit_of_work(ref.org_id) as session:
            customer, plans = await _lock(session, ref)
            if customer.erased_at is None:
                check_no_live_plan(plans)
                await check_no_open_invoice(session, customer.id)
                await _erase(session, customer)
                customer.erased_at = change.at
                recorder = recorder_of(session, customer.org_id, change)
                recorder.audit("customer.erased", ("customer", customer.id))
                recorder.publish("customer.erased", {}, customer_id=customer.id)
            mine = BillingAccountRow.customer_id == customer.id, BillingAccountRow.stripe_customer_id.is_not(None)
            ids = await session.scalars(select(BillingAccountRow.stripe_customer_id).where(*mine))
            return Erasure(
                customer_id=str(customer.id), erased_at=customer.erased_at, stripe_customer_ids=tuple(filter(None, ids))
            )


async def _lock(session: AsyncSession, ref: CustomerRef) -> tuple[CustomerRow, Sequence[CustomerPlan]]:
    customer = await row_by_id(session, CustomerRow, ref.customer_id, "customer")
    if customer.deleted_at is None:
        return await lock_with_plans(session, ref.customer_id)
    await session.refresh(customer, with_for_update={"key_share": True})
    return customer, ()


async def _erase(session: AsyncSession, customer: CustomerRow) -> None:
    await _delete_idempotency_keys(session, customer)
    customer.name, customer.email = ERASED_NAME, f"{customer.id}@{NOWHERE}"
    customer.billing_address = customer.shipping_address = customer.erp_customer_number = None
    customer.settings, customer.metadata_ = {}, {}
    customer.status, customer.suspended_at = CustomerStatus.INACTIVE, None
    for table in (CustomerContact, ProjectRow, Onboarding, CustomerKey, PortalLinkRow, SeatMemberRow, SeatPullRow):
        await session.execute(delete(table).where(table.customer_id == customer.id))
    blank: list[tuple[Any, Json]] = [
        (BillingAccountRow, {"name": "default", "invoice_email": None}),
        (MailRow, {"recipient": NOWHERE, "subject": ERASED, "body": ERASED}),
        (SeatSourceRow, {"target": None, "query": None, "secret": None, "removed_at": func.now()}),
        (SponsorshipRequest, {"organization_type": ERASED, "website": "", "description": ERASED}),
    ]
    for table, values in blank:
        await session.execute(update(table).where(table.customer_id == customer.id).values(values))
    await session.execute(update(InvoiceRow).where(InvoiceRow.customer_id == customer.id).values(buyer=None))
    await _erase_texts(session, customer.id)
    await erase_imported_objects(session, customer.id)
    await _erase_deployment(session, customer)
    await erase_former_rows(session, customer.id, [row.id for row in await _deployments(session, customer)])


async def _erase_texts(session: AsyncSession, customer_id: UUID) -> None:
    """Erase what people wrote about money; of an append-only row no more than its text can be erased."""
    mine = select(InvoiceRow.id).where(InvoiceRow.customer_id == customer_id)
    texts: list[tuple[Any, Any]] = [
        (CreditRow.reason, CreditRow.customer_id == customer_id),
        (CreditNoteRow.memo, CreditNoteRow.invoice_id.in_(mine)),
        (RefundRow.out_of_band_reference, RefundRow.invoice_id.in_(mine)),
        (InvoiceRow.out_of_band_reference, InvoiceRow.customer_id == customer_id),
        (SponsorshipRequest.reason, SponsorshipRequest.customer_id == customer_id),
        (CouponRedemptionRow.reason, CouponRedemptionRow.customer_id == customer_id),
    ]
    for column, is_mine in texts:
        erased = update(column.class_).where(is_mine, column.is_not(None)).values({column.key: ERASED})
        await session.execute(erased, execution_options={"synchronize_session": False})


async def _delete_idempotency_keys(session: AsyncSession, customer: CustomerRow) -> None:
    """Delete the answers about the customer or anything of its.

    Those from before answers had subjects are sealed, so that each must be opened; they are gone after 30 days.
    """
    ids = {str(customer.id), *(str(row.id) for row in await _deployments(session, customer))}
    for table in (table for table in _tables() if "id" in table.columns):
        ids |= set(map(str, await session.scalars(select(table.c.id).where(table.c.customer_id == customer.id))))
    query = select(IdempotencyKey.key, IdempotencyKey.body).where(
        IdempotencyKey.body.is_not(None), IdempotencyKey.subjects.is_(None)
    )
    named = str(customer.id).encode()
    older = [key async for key, body in await session.stream(query) if named in (body or b"")]
    about = or_(IdempotencyKey.subjects.overlap(sorted(ids)), IdempotencyKey.key.in_(older))
    await session.execute(delete(IdempotencyKey).where(about))


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


async def _former_rows(session: AsyncSession, customer_id: UUID) -> list[Json]:
    query = select(RowVersion).where(RowVersion.customer_id == customer_id).order_by(RowVersion.until)
    dialect = session.get_bind().dialect
    return [_json(row) | {"content": opened_content(row, dialect)} for row in await session.scalars(query)]


def _json(row: Base) -> Json:
    columns = row.__mapper__.column_attrs
    return as_json({column.key: getattr(row, column.key) for column in columns})


def _opened(row: AuditLog | OutboxEvent, reader: PersonalDataReader) -> Json:
    opened: Json = reader.open(customer_of(row), _json(row))
    return opened

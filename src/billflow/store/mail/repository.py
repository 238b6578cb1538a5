"""Mails as rows: what there is to say, and what was written, once per debt and occasion."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.invoices import UNPAID
from billflow.models.contracts.mail import (
    ListedInvoice,
    LoggedMail,
    Mail,
    MailRecord,
    NotificationFacts,
    NotificationInput,
    Occasion,
    PlanNotification,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import BillingAccountRow, CustomerRow, InvoiceRow, MailRow
from billflow.ports.mail import MailRepository
from billflow.store.access.portal import settings_of
from billflow.store.adjustments.records import load_money, standing_of
from billflow.store.session.database import Repository
from billflow.store.session.filters import Conditions, within
from billflow.store.session.paging import ALL, page
from billflow.store.session.rows import as_id, as_record, existing, row_by_id


class PostgresMailRepository(Repository, MailRepository):
    """The log of mails to customers; every method is one transaction and safe to repeat."""

    async def notification_facts(self, notification: NotificationInput) -> NotificationFacts:
        query = (
            select(InvoiceRow, CustomerRow, BillingAccountRow)
            .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
            .join(BillingAccountRow, BillingAccountRow.id == InvoiceRow.billing_account_id)
            .where(InvoiceRow.id == as_id(notification.invoice_id, "invoice"))
        )
        async with self.database.unit_of_work(notification.org_id) as session:
            found = existing((await session.execute(query)).one_or_none(), "invoice", notification.invoice_id)
            invoice, customer, account = found
            return NotificationFacts(
                customer_id=str(customer.id),
                recipient=account.invoice_email or customer.email,
                name=customer.name,
                language=customer.default_language,
                invoice_name=_name(invoice),
                open_amount=standing_of(await load_money(session, invoice)).remaining,
                currency=invoice.currency,
                due_at=invoice.due_at,
                hosted_invoice_url=invoice.hosted_invoice_url,
                is_closed=invoice.status not in UNPAID,
                is_erased=customer.erased_at is not None,
                listed=await _listed(session, notification.together),
                portal_link=(await settings_of(session, notification.org_id)).mail_links,
            )

    async def store(
        self, notification: NotificationInput | PlanNotification, facts: NotificationFacts, mail: Mail
    ) -> MailRecord:
        if isinstance(notification, NotificationInput):
            subject = {"invoice_id": as_id(notification.invoice_id, "invoice")}
        else:
            subject = {"plan_id": as_id(notification.plan_id, "plan")}
        row = insert(MailRow).values(
            id=uuid4(),
            org_id=as_id(notification.org_id, "organization"),
            customer_id=UUID(facts.customer_id),
            **subject,
            key=notification.key,
            occasion=notification.occasion,
            at=notification.at,
            **mail.model_dump(),
        )
        async with self.database.unit_of_work(notification.org_id) as session:
            await session.execute(row.on_conflict_do_nothing())
            stored = await session.scalars(select(MailRow).where(MailRow.key == notification.key))
            return as_record(MailRecord, stored.one())

    async def mark_sent(self, org_id: str, mail_id: str, at: datetime) -> None:
        query = update(MailRow).where(MailRow.id == as_id(mail_id, "mail"), MailRow.sent_at.is_(None))
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(query.values(sent_at=at))

    async def list(self, org_id: str, customer_id: str | None = None, paging: Paging = ALL) -> Page[MailRecord]:
        """Return one page of the mails, the newest first."""
        query = select(MailRow)
        if customer_id is not None:
            query = query.where(MailRow.customer_id == as_id(customer_id, "customer"))
        async with self.database.unit_of_work(org_id) as session:
            order = (MailRow.created_at, MailRow.id)
            return await page(session, query, order, paging, lambda row: as_record(MailRecord, row[0]))

    async def of_customer(
        self, ref: CustomerRef, newest: int, before: datetime | None = None
    ) -> tuple[LoggedMail, ...]:
        """Return so many of the *newest* mails to a customer that were written *before* a moment, the newest first."""
        mine = [MailRow.customer_id == as_id(ref.customer_id, "customer")]
        return await self._logged(ref.org_id, [*mine, *within(MailRow.created_at, None, before)], newest)

    async def of_invoice(self, org_id: str, invoice_id: str) -> tuple[LoggedMail, ...]:
        """Return the mails about an invoice, the newest first."""
        return await self._logged(org_id, [MailRow.invoice_id == as_id(invoice_id, "invoice")])

    async def _logged(self, org_id: str, which: Conditions, most: int | None = None) -> tuple[LoggedMail, ...]:
        query = select(MailRow).where(*which).order_by(MailRow.created_at.desc(), MailRow.id.desc()).limit(most)
        async with self.database.unit_of_work(org_id) as session:
            return tuple(as_record(LoggedMail, row) for row in await session.scalars(query))

    async def store_portal_link(
        self, ref: CustomerRef, key: str, mail: Mail, at: datetime, days: int | None = None
    ) -> MailRecord:
        """Store a mail with a link, which opens for *days*, once under a key; return it as it was stored first."""
        row = insert(MailRow).values(
            id=uuid4(),
            org_id=as_id(ref.org_id, "organization"),
            customer_id=as_id(ref.customer_id, "customer"),
            key=key,
            occasion=Occasion.PORTAL_LINK,
            at=at,
            link_days=days,
            **mail.model_dump(),
        )
        async with self.database.unit_of_work(ref.org_id) as session:
            await session.execute(row.on_conflict_do_nothing())
            stored = await session.scalars(select(MailRow).where(MailRow.key == key))
            return as_record(MailRecord, stored.one())

    async def get(self, org_id: str, mail_id: str) -> MailRecord:
        async with self.database.unit_of_work(org_id) as session:
            return as_record(MailRecord, await row_by_id(session, MailRow, mail_id, "mail"))


def _name(invoice: InvoiceRow) -> str:
    return invoice.number or str(invoice.id)[:8]


async def _listed(session: AsyncSession, invoice_ids: Sequence[str]) -> tuple[ListedInvoice, ...]:
    if not invoice_ids:
        return ()
    wanted = InvoiceRow.id.in_([as_id(invoice_id, "invoice") for invoice_id in invoice_ids])
    invoices = await session.scalars(select(InvoiceRow).where(wanted).order_by(InvoiceRow.issued_at, InvoiceRow.id))
    return tuple(
        ListedInvoice(invoice_name=_name(invoice), issued_at=invoice.issued_at, total=invoice.total)
        for invoice in invoices
    )

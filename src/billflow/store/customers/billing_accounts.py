"""How a customer pays: several billing accounts, one of them the default that plans bill to."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import ColumnElement, exists, or_, select, update

from billflow.domain.errors import Refused
from billflow.models.contracts.customer_resources import AccountRecord, BillingAccountChange, NewBillingAccount
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow, InvoiceRow, Org, ProjectRow
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.base import CustomerStore, note, overwrite, part_of
from billflow.store.customers.creation import LIVE
from billflow.store.customers.records import account_record
from billflow.store.invoices.records import billed_customer
from billflow.store.session.database import as_id


@dataclass(frozen=True)
class BillingAccounts(CustomerStore):
    """Billing accounts of a customer; there is always exactly one default."""

    async def accounts(self, ref: CustomerRef) -> tuple[AccountRecord, ...]:
        """Return all billing accounts, the default one first."""
        query = select(BillingAccountRow).order_by(BillingAccountRow.is_default.desc(), BillingAccountRow.created_at)
        async with self._reading(ref) as (customer, session):
            rows = await session.scalars(query.where(BillingAccountRow.customer_id == customer.id))
            return tuple(map(_record, rows))

    async def account(self, ref: CustomerRef, account_id: str) -> AccountRecord:
        """Return one billing account; raises `NotFound`."""
        async with self._reading(ref) as (customer, session):
            return _record(await part_of(session, customer, BillingAccountRow, account_id, "billing account"))

    async def payers(self, ref: CustomerRef) -> tuple[BilledCustomer, ...]:
        """Return those of a customer's accounts that Stripe knows, as it is to call them; none of a deleted one."""
        query = (
            select(CustomerRow, BillingAccountRow, Org.livemode)
            .join(BillingAccountRow, BillingAccountRow.customer_id == CustomerRow.id)
            .join(Org, Org.id == CustomerRow.org_id)
            .where(CustomerRow.id == as_id(ref.customer_id, "customer"), CustomerRow.deleted_at.is_(None))
            .where(BillingAccountRow.stripe_customer_id.is_not(None))
            .order_by(BillingAccountRow.id)
        )
        async with self.database.unit_of_work(ref.org_id) as session:
            return tuple(
                billed_customer(customer, account).model_copy(update={"livemode": livemode})
                for customer, account, livemode in await session.execute(query)
            )

    async def add_account(self, ref: CustomerRef, new: NewBillingAccount, change: ChangeContext) -> AccountRecord:
        """Add a billing account, in the customer's currency unless *new* names one."""
        async with self._changing(ref, change) as (customer, recorder):
            told = new.model_dump() | {"currency": new.currency or customer.default_currency}
            row = BillingAccountRow(id=uuid4(), org_id=customer.org_id, customer_id=customer.id, **told)
            if new.is_default:
                await _make_room(recorder, customer, row)
            recorder.session.add(row)
            note(recorder, "billing_account.created", customer.id, row, told)
            return await _written(recorder, row)

    async def change_account(
        self, ref: CustomerRef, account_id: str, asked: BillingAccountChange, change: ChangeContext
    ) -> AccountRecord:
        """Change what *asked* names; raises `NotFound`, or `Refused` where no account would be the default."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await part_of(recorder.session, customer, BillingAccountRow, account_id, "billing account")
            if row.is_default and "is_default" in asked.model_fields_set and not asked.is_default:
                raise Refused("One account is the default; make another one the default instead.", code="no_default")
            if asked.is_default and not row.is_default:
                await _make_room(recorder, customer, row)
            before, after = overwrite(row, asked)
            if after:
                note(recorder, "billing_account.updated", customer.id, row, before, after)
            return await _written(recorder, row)

    async def remove_account(self, ref: CustomerRef, account_id: str, change: ChangeContext) -> None:
        """Remove a billing account; raises `NotFound`, or `Refused` for the default one and one that was used."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await part_of(recorder.session, customer, BillingAccountRow, account_id, "billing account")
            if row.is_default:
                raise Refused("The default account can't go; make another one the default first.", code="no_default")
            if await _is_used(recorder, row):
                raise Refused("Projects or invoices are billed to that account; keep it.", code="account_in_use")
            note(recorder, "billing_account.deleted", customer.id, row, {"name": row.name}, {})
            await recorder.session.delete(row)


async def _make_room(recorder: Recorder, customer: CustomerRow, row: BillingAccountRow) -> None:
    """Unmake the default account; raises `Refused` while a plan runs in another currency than the new one's."""
    mine: tuple[ColumnElement[bool], ...] = (CustomerPlan.customer_id == customer.id, LIVE)
    if await recorder.session.scalar(select(exists().where(*mine, CustomerPlan.currency != row.currency))):
        raise Refused(
            f"A live plan is in another currency than {row.currency}; end it first.",
            code="live_plan_in_other_currency",
            field="is_default",
        )
    default = update(BillingAccountRow).where(
        BillingAccountRow.customer_id == customer.id, BillingAccountRow.is_default
    )
    await recorder.session.execute(default.values(is_default=False))


async def _is_used(recorder: Recorder, row: BillingAccountRow) -> bool:
    projects = exists().where(ProjectRow.billing_account_id == row.id)
    invoices = exists().where(InvoiceRow.customer_id == row.customer_id, InvoiceRow.billing_account_id == row.id)
    return bool(await recorder.session.scalar(select(or_(projects, invoices))))


async def _written(recorder: Recorder, row: BillingAccountRow) -> AccountRecord:
    await recorder.session.flush()
    await recorder.session.refresh(row)
    return _record(row)


def _record(row: BillingAccountRow) -> AccountRecord:
    return AccountRecord(
        **account_record(row).model_dump(),
        customer_id=str(row.customer_id),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )

"""How a customer pays: several billing accounts, one of them the default that plans bill to."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import ColumnElement, exists, or_, select, update

from billflow.domain.errors import Refused
from billflow.models.contracts.customer_parts import AccountRecord, AccountUpdate, NewAccount
from billflow.models.contracts.customers import CustomerChange, CustomerRef
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.tables import BillingAccount, Customer, CustomerPlan, Invoice, Org, Project
from billflow.store.collecting import billed_customer
from billflow.store.customer_records import account_record
from billflow.store.customers import LIVE
from billflow.store.customers_part import CustomersPart, note, overwrite, part_of
from billflow.store.engine import as_id
from billflow.store.records import Recorder


@dataclass(frozen=True)
class BillingAccounts(CustomersPart):
    """Billing accounts of a customer; there is always exactly one default."""

    async def accounts(self, ref: CustomerRef) -> tuple[AccountRecord, ...]:
        """Return all billing accounts, the default one first."""
        query = select(BillingAccount).order_by(BillingAccount.is_default.desc(), BillingAccount.created_at)
        async with self._reading(ref) as (customer, session):
            rows = await session.scalars(query.where(BillingAccount.customer_id == customer.id))
            return tuple(map(_record, rows))

    async def account(self, ref: CustomerRef, account_id: str) -> AccountRecord:
        """Return one billing account; raises `NotFound`."""
        async with self._reading(ref) as (customer, session):
            return _record(await part_of(session, customer, BillingAccount, account_id, "billing account"))

    async def payers(self, ref: CustomerRef) -> tuple[BilledCustomer, ...]:
        """Return those of a customer's accounts that Stripe knows, as it is to call them; none of a deleted one."""
        query = (
            select(Customer, BillingAccount, Org.livemode)
            .join(BillingAccount, BillingAccount.customer_id == Customer.id)
            .join(Org, Org.id == Customer.org_id)
            .where(Customer.id == as_id(ref.customer_id, "customer"), Customer.deleted_at.is_(None))
            .where(BillingAccount.stripe_customer_id.is_not(None))
            .order_by(BillingAccount.id)
        )
        async with self.database.unit_of_work(ref.org_id) as session:
            return tuple(
                billed_customer(customer, account).model_copy(update={"livemode": livemode})
                for customer, account, livemode in await session.execute(query)
            )

    async def add_account(self, ref: CustomerRef, new: NewAccount, change: CustomerChange) -> AccountRecord:
        """Add a billing account, in the customer's currency unless *new* names one."""
        async with self._changing(ref, change) as (customer, recorder):
            told = new.model_dump() | {"currency": new.currency or customer.default_currency}
            row = BillingAccount(id=uuid4(), org_id=customer.org_id, customer_id=customer.id, **told)
            if new.is_default:
                await _make_room(recorder, customer, row)
            recorder.session.add(row)
            note(recorder, "billing_account.created", customer.id, row, told)
            return await _written(recorder, row)

    async def change_account(
        self, ref: CustomerRef, account_id: str, asked: AccountUpdate, change: CustomerChange
    ) -> AccountRecord:
        """Change what *asked* names; raises `NotFound`, or `Refused` where no account would be the default."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await part_of(recorder.session, customer, BillingAccount, account_id, "billing account")
            if row.is_default and "is_default" in asked.model_fields_set and not asked.is_default:
                raise Refused("One account is the default; make another one the default instead.", code="no_default")
            if asked.is_default and not row.is_default:
                await _make_room(recorder, customer, row)
            before, after = overwrite(row, asked)
            if after:
                note(recorder, "billing_account.updated", customer.id, row, before, after)
            return await _written(recorder, row)

    async def remove_account(self, ref: CustomerRef, account_id: str, change: CustomerChange) -> None:
        """Remove a billing account; raises `NotFound`, or `Refused` for the default one and one that was used."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await part_of(recorder.session, customer, BillingAccount, account_id, "billing account")
            if row.is_default:
                raise Refused("The default account can't go; make another one the default first.", code="no_default")
            if await _is_used(recorder, row):
                raise Refused("Projects or invoices are billed to that account; it stays.", code="account_in_use")
            note(recorder, "billing_account.deleted", customer.id, row, {"name": row.name}, {})
            await recorder.session.delete(row)


async def _make_room(recorder: Recorder, customer: Customer, row: BillingAccount) -> None:
    """Unmake the default account; raises `Refused` while a plan runs in another currency than the new one's."""
    mine: tuple[ColumnElement[bool], ...] = (CustomerPlan.customer_id == customer.id, LIVE)
    if await recorder.session.scalar(select(exists().where(*mine, CustomerPlan.currency != row.currency))):
        raise Refused(
            f"A live plan is in another currency than {row.currency}; end it first.",
            code="live_plan_in_other_currency",
            field="is_default",
        )
    default = update(BillingAccount).where(BillingAccount.customer_id == customer.id, BillingAccount.is_default)
    await recorder.session.execute(default.values(is_default=False))


async def _is_used(recorder: Recorder, row: BillingAccount) -> bool:
    projects = exists().where(Project.billing_account_id == row.id)
    invoices = exists().where(Invoice.customer_id == row.customer_id, Invoice.billing_account_id == row.id)
    return bool(await recorder.session.scalar(select(or_(projects, invoices))))


async def _written(recorder: Recorder, row: BillingAccount) -> AccountRecord:
    await recorder.session.flush()
    await recorder.session.refresh(row)
    return _record(row)


def _record(row: BillingAccount) -> AccountRecord:
    return AccountRecord(
        **account_record(row).model_dump(),
        customer_id=str(row.customer_id),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )

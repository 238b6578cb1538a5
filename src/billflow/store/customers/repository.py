"""Customers as rows: created with what they run on and pay from, changed, priced, suspended and deleted."""

from uuid import UUID, uuid4

from sqlalchemy import delete

from billflow.domain.customer import GRANTED_DISCOUNT_MONTHS
from billflow.domain.errors import Refused
from billflow.domain.inheritance import merged
from billflow.models.contracts.customers import (
    ChangeContext,
    CustomerPricing,
    CustomerRecord,
    CustomerRef,
    CustomerStatus,
    CustomerUpdate,
    NewCustomer,
)
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.taxpayers import check_taxpayer
from billflow.models.tables import (
    BillingAccountRow,
    CustomerContact,
    CustomerRow,
    ProjectRow,
    Realm,
    RemoteRealm,
    RemoteServer,
)
from billflow.store.access.seller_records import current_seller
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.billing_accounts import default_account
from billflow.store.customers.changes import address_column, overwrite
from billflow.store.customers.constraints import refused_duplicates
from billflow.store.customers.deployments import DeploymentRow, create_deployment
from billflow.store.customers.records import customer_record
from billflow.store.customers.status import check_no_live_plan, check_no_open_invoice, hold_until_resumed, set_status
from billflow.store.customers.transactions import customer_and_plans_change, customer_change
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_json, from_row


class PostgresCustomerRepository(Repository):
    """Customers; every method is one transaction. Unknown ids raise `NotFound`."""

    async def create(self, org_id: str, new: NewCustomer, change: ChangeContext) -> CustomerRecord:
        """Create a customer with its deployment and default billing account.

        Raises `Refused` where its e-mail, ERP number or deployment belongs to another customer.
        """
        with refused_duplicates():
            async with self.database.unit_of_work(org_id) as session:
                customer, _ = await create_customer(recorder_of(session, as_id(org_id, "organization"), change), new)
                return await customer_record(session, customer.id)

    async def update(self, ref: CustomerRef, update: CustomerUpdate, change: ChangeContext) -> CustomerRecord:
        """Change what *update* sets; raises `Refused` where e-mail or ERP number is another customer's."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            before, after = overwrite(customer, update)
            if "billing_address" in after:
                check_taxpayer(customer.billing_address, customer.settings)
            if before != after:
                recorder.audit("customer.updated", ("customer", customer.id), before=before, after=after)
                recorder.publish("customer.updated", {"changed": sorted(after)}, customer_id=customer.id)
            return await customer_record(recorder.session, customer.id)

    async def set_pricing(self, ref: CustomerRef, pricing: CustomerPricing, change: ChangeContext) -> CustomerRecord:
        """Agree on prices with a customer, for plans that are still to start.

        Months of the flat discount that *pricing* does not name stay, unless there is a discounted price (rules 14).
        Raises `InvalidInput` for an amount that the customer's currency can't be charged in (rules 25).
        """
        async with customer_change(self.database, ref, change) as (customer, recorder):
            pricing.check_chargeable((await default_account(recorder.session, customer.id)).currency)
            pricing = pricing.over(customer.flat_discounted_months)
            before, after = as_json(from_row(CustomerPricing, customer)), as_json(pricing)
            for name in CustomerPricing.model_fields:
                setattr(customer, name, getattr(pricing, name))
            recorder.audit("customer.pricing_set", ("customer", customer.id), before=before, after=after)
            recorder.publish("customer.pricing_set", after, customer_id=customer.id)
            return await customer_record(recorder.session, customer.id)

    async def suspend(self, ref: CustomerRef, change: ChangeContext) -> CustomerRecord:
        """Stop all charges from `change.at` on; suspended already stays as it is. Raises `Refused` for a closed one."""
        async with customer_and_plans_change(self.database, ref, change) as (customer, _, recorder):
            if customer.status is CustomerStatus.INACTIVE:
                raise Refused("The customer's account is closed; activate it first.", code="customer_not_active")
            set_status(customer, CustomerStatus.SUSPENDED, recorder, change)
            return await customer_record(recorder.session, customer.id)

    async def activate(self, ref: CustomerRef, change: ChangeContext) -> CustomerRecord:
        """Let the customer back in; its live plans stay unbilled until each took the step that resumes it."""
        async with customer_and_plans_change(self.database, ref, change) as (customer, plans, recorder):
            for plan in plans:
                hold_until_resumed(plan, customer)
            set_status(customer, CustomerStatus.ACTIVE, recorder, change)
            return await customer_record(recorder.session, customer.id)

    async def deactivate(self, ref: CustomerRef, change: ChangeContext) -> CustomerRecord:
        """Close the account; raises `Refused` while a plan is live or being bought."""
        async with customer_and_plans_change(self.database, ref, change) as (customer, plans, recorder):
            check_no_live_plan(plans)
            set_status(customer, CustomerStatus.INACTIVE, recorder, change)
            return await customer_record(recorder.session, customer.id)

    async def delete(self, ref: CustomerRef, change: ChangeContext) -> None:
        """Take a customer out of use: its contacts and projects go, what it was billed stays.

        Raises `Refused` while a plan is live or being bought, or an invoice is open.
        """
        async with customer_and_plans_change(self.database, ref, change) as (customer, plans, recorder):
            check_no_live_plan(plans)
            await check_no_open_invoice(recorder.session, customer.id)
            for table in (CustomerContact, ProjectRow):
                await recorder.session.execute(delete(table).where(table.customer_id == customer.id))
            before, detail = {"status": customer.status}, {"reason": change.reason}
            customer.status, customer.suspended_at = CustomerStatus.INACTIVE, None
            customer.deleted_at = change.at
            recorder.audit("customer.deleted", ("customer", customer.id), before=before, detail=detail)
            recorder.publish("customer.deleted", detail, customer_id=customer.id)


async def create_customer(recorder: Recorder, new: NewCustomer) -> tuple[CustomerRow, BillingAccountRow]:
    """Write a new customer with its deployment and default billing account, inside `refused_duplicates`."""
    session = recorder.session
    new = _with_defaults(new, (await current_seller(session))[1])
    customer = _row(recorder.org_id, new, await create_deployment(recorder, new))
    check_taxpayer(customer.billing_address, customer.settings)
    session.add(customer)
    await session.flush()
    account = _default_account(customer, new)
    session.add(account)
    recorder.audit("customer.created", ("customer", customer.id), after=new.model_dump(mode="json"))
    recorder.publish("customer.created", {"name": new.name, "email": new.email}, customer_id=customer.id)
    return customer, account


def _row(org_id: UUID, new: NewCustomer, deployment: DeploymentRow) -> CustomerRow:
    return CustomerRow(
        id=uuid4(),
        org_id=org_id,
        realm_id=deployment.id if isinstance(deployment, Realm) else None,
        remote_realm_id=deployment.id if isinstance(deployment, RemoteRealm) else None,
        remote_server_id=deployment.id if isinstance(deployment, RemoteServer) else None,
        **new.model_dump(include={"name", "email", "erp_customer_number", "default_currency", "default_language"}),
        billing_address=address_column(new.billing_address),
        shipping_address=address_column(new.shipping_address),
        metadata_=merged({}, new.metadata),
        settings=merged({}, new.settings.given()),
        flat_discounted_months=0 if isinstance(deployment, Realm) else GRANTED_DISCOUNT_MONTHS,
    )


def _with_defaults(new: NewCustomer, seller: SellerDocument | None) -> NewCustomer:
    """Return a customer with the seller's language and currency where it names none."""
    given = new.model_fields_set
    names = ("default_language", "default_currency") if seller else ()
    return new.model_copy(
        update={name: getattr(seller, name) for name in names if name not in given and getattr(seller, name)}
    )


def _default_account(customer: CustomerRow, new: NewCustomer) -> BillingAccountRow:
    return BillingAccountRow(
        id=uuid4(),
        org_id=customer.org_id,
        customer_id=customer.id,
        name="default",
        is_default=True,
        currency=new.default_currency,
        collection_method=new.collection_method,
    )

"""Customers as rows: created with what they run on and pay from, changed, priced, suspended and deleted."""

from dataclasses import dataclass
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
from billflow.models.tables import (
    BillingAccountRow,
    CustomerContact,
    CustomerRow,
    ProjectRow,
    Realm,
    RemoteRealm,
    RemoteServer,
)
from billflow.store.audit.recorder import recorder_of
from billflow.store.customers.changes import address_column, overwrite
from billflow.store.customers.constraints import refused_duplicates
from billflow.store.customers.deployments import DeploymentRow, create_deployment
from billflow.store.customers.records import customer_record, pricing_of
from billflow.store.customers.status import (
    check_no_live_plan,
    check_no_open_invoice,
    hold_until_resumed,
    set_status,
)
from billflow.store.customers.transactions import customer_change, lock_with_plans
from billflow.store.plans.start import locked_customer
from billflow.store.session.database import Database, as_id
from billflow.store.session.mapper import as_json


@dataclass(frozen=True)
class PostgresCustomerRepository:
    """Customers; every method is one transaction. Unknown ids raise `NotFound`."""

    database: Database

    async def create(self, org_id: str, new: NewCustomer, change: ChangeContext) -> CustomerRecord:
        """Create a customer with its deployment and default billing account.

        Raises `Refused` where its e-mail, ERP number or deployment belongs to another customer.
        """
        with refused_duplicates():
            async with self.database.unit_of_work(org_id) as session:
                recorder = recorder_of(session, as_id(org_id, "organization"), change)
                customer = _row(recorder.org_id, new, await create_deployment(recorder, new))
                session.add(customer)
                await session.flush()
                session.add(_default_account(customer, new))
                recorder.audit("customer.created", ("customer", customer.id), after=new.model_dump(mode="json"))
                recorder.publish("customer.created", {"name": new.name, "email": new.email}, customer_id=customer.id)
                return await customer_record(session, customer.id)

    async def update(self, ref: CustomerRef, update: CustomerUpdate, change: ChangeContext) -> CustomerRecord:
        """Change what *update* sets; raises `Refused` where e-mail or ERP number is another customer's."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            before, after = overwrite(customer, update)
            if before != after:
                recorder.audit("customer.updated", ("customer", customer.id), before=before, after=after)
                recorder.publish("customer.updated", {"changed": sorted(after)}, customer_id=customer.id)
            return await customer_record(recorder.session, customer.id)

    async def set_pricing(self, ref: CustomerRef, pricing: CustomerPricing, change: ChangeContext) -> CustomerRecord:
        """Agree on prices with a customer, for plans that are still to start.

        Months of the flat discount that *pricing* does not name stay, unless there is a discounted price (rules 14).
        """
        async with self.database.unit_of_work(ref.org_id) as session:
            customer, _ = await locked_customer(session, ref.customer_id)
            if not _ends_flat_discount(pricing):
                pricing = pricing.model_copy(update={"flat_discounted_months": customer.flat_discounted_months})
            before, after = as_json(pricing_of(customer)), as_json(pricing)
            for name in CustomerPricing.model_fields:
                setattr(customer, name, getattr(pricing, name))
            recorder = recorder_of(session, customer.org_id, change)
            recorder.audit("customer.pricing_set", ("customer", customer.id), before=before, after=after)
            recorder.publish("customer.pricing_set", after, customer_id=customer.id)
            return await customer_record(session, customer.id)

    async def suspend(self, ref: CustomerRef, change: ChangeContext) -> CustomerRecord:
        """Stop all charges from `change.at` on; suspended already stays as it is. Raises `Refused` for a closed one."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer, _ = await lock_with_plans(session, ref.customer_id)
            if customer.status is CustomerStatus.INACTIVE:
                raise Refused("The customer's account is closed; activate it first.", code="customer_not_active")
            set_status(customer, CustomerStatus.SUSPENDED, recorder_of(session, customer.org_id, change), change)
            return await customer_record(session, customer.id)

    async def activate(self, ref: CustomerRef, change: ChangeContext) -> CustomerRecord:
        """Let the customer back in; its live plans stay unbilled until each took the step that resumes it."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer, plans = await lock_with_plans(session, ref.customer_id)
            for plan in plans:
                hold_until_resumed(plan, customer)
            set_status(customer, CustomerStatus.ACTIVE, recorder_of(session, customer.org_id, change), change)
            return await customer_record(session, customer.id)

    async def deactivate(self, ref: CustomerRef, change: ChangeContext) -> CustomerRecord:
        """Close the account; raises `Refused` while a plan is live or being bought."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer, plans = await lock_with_plans(session, ref.customer_id)
            check_no_live_plan(plans)
            set_status(customer, CustomerStatus.INACTIVE, recorder_of(session, customer.org_id, change), change)
            return await customer_record(session, customer.id)

    async def delete(self, ref: CustomerRef, change: ChangeContext) -> None:
        """Take a customer out of use: its contacts and projects go, what it was billed stays.

        Raises `Refused` while a plan is live or being bought, or an invoice is open.
        """
        async with self.database.unit_of_work(ref.org_id) as session:
            customer, plans = await lock_with_plans(session, ref.customer_id)
            check_no_live_plan(plans)
            await check_no_open_invoice(session, customer.id)
            for table in (CustomerContact, ProjectRow):
                await session.execute(delete(table).where(table.customer_id == customer.id))
            before, detail = {"status": customer.status}, {"reason": change.reason}
            customer.status, customer.suspended_at = CustomerStatus.INACTIVE, None
            customer.deleted_at = change.at
            recorder = recorder_of(session, customer.org_id, change)
            recorder.audit("customer.deleted", ("customer", customer.id), before=before, detail=detail)
            recorder.publish("customer.deleted", detail, customer_id=customer.id)


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


def _ends_flat_discount(pricing: CustomerPricing) -> bool:
    discounted = pricing.monthly_discounted_price or pricing.annual_discounted_price
    return bool(discounted) or "flat_discounted_months" in pricing.model_fields_set

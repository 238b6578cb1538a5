"""Changing a customer: its fields, its settings, and taking it out of use."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.exc import IntegrityError

from billflow.domain.errors import Refused
from billflow.domain.inheritance import Level, effective, merged, resolved, without
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.customer_settings import (
    CustomerSettings,
    Json,
    ResolvedSetting,
    ResolvedSettings,
    checked_size,
)
from billflow.models.contracts.customers import (
    ChangeContext,
    CustomerChange,
    CustomerRecord,
    CustomerRef,
    CustomerStatus,
)
from billflow.models.tables import CustomerContact, CustomerRow, InvoiceRow, ProjectRow
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.base import CustomerStore, held
from billflow.store.customers.creation import address_of, explained, held_with_plans
from billflow.store.customers.records import customer_record
from billflow.store.invoices.drafts import UNPAID


@dataclass(frozen=True)
class Editing(CustomerStore):
    """The customer's own row."""

    async def update(self, ref: CustomerRef, update: CustomerChange, change: ChangeContext) -> CustomerRecord:
        """Change what *update* names; raises `NotFound`, or `Refused` where e-mail or ERP number is another's."""
        try:
            async with self.database.unit_of_work(ref.org_id) as session:
                customer = await held(session, ref)
                before, after = _write(customer, update)
                if before != after:
                    recorder = recorder_of(session, customer.org_id, change)
                    recorder.audit("customer.updated", ("customer", customer.id), before=before, after=after)
                    recorder.say("customer.updated", {"changed": sorted(after)}, customer_id=customer.id)
                return await customer_record(session, customer.id)
        except IntegrityError as error:
            raise explained(error) from error

    async def merge_settings(self, ref: CustomerRef, given: CustomerSettings, change: ChangeContext) -> Json:
        """Lay *given* over the customer's settings, and return all of them; null takes a key away."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer = await held(session, ref)
            return _settle(recorder_of(session, customer.org_id, change), customer, given.given())

    async def remove_setting(self, ref: CustomerRef, key: str, change: ChangeContext) -> Json:
        """Take one setting away by its dotted path, and return the others; raises `NotFound`."""
        async with self.database.unit_of_work(ref.org_id) as session:
            customer = await held(session, ref)
            left = without(customer.settings, key)
            return _keep_settings(recorder_of(session, customer.org_id, change), customer, left)

    async def settings(self, ref: CustomerRef) -> ResolvedSettings:
        """Return the customer's settings, and where each comes from."""
        async with self.database.unit_of_work(ref.org_id) as session:
            return resolved_settings([level_of(await held(session, ref, lock=False))])

    async def delete(self, ref: CustomerRef, change: ChangeContext) -> None:
        """Take a customer out of use: its contacts and projects go, what it was billed stays.

        Raises `Refused` while a plan is live or being bought, or an invoice is open.
        """
        async with self.database.unit_of_work(ref.org_id) as session:
            customer, plans = await held_with_plans(session, ref.customer_id)
            if plans:
                raise Refused("The customer has a live plan; end that one first.", code="live_plan")
            unpaid = exists().where(InvoiceRow.customer_id == customer.id, InvoiceRow.status.in_(UNPAID))
            if await session.scalar(select(unpaid)):
                raise Refused("The customer has an open invoice; pay or void it first.", code="open_invoice")
            await session.execute(delete(CustomerContact).where(CustomerContact.customer_id == customer.id))
            await session.execute(delete(ProjectRow).where(ProjectRow.customer_id == customer.id))
            was = customer.status
            customer.status, customer.suspended_at = CustomerStatus.INACTIVE, None
            customer.deleted_at = change.at
            recorder = recorder_of(session, customer.org_id, change)
            detail = {"reason": change.reason}
            recorder.audit("customer.deleted", ("customer", customer.id), before={"status": was}, detail=detail)
            recorder.say("customer.deleted", detail, customer_id=customer.id)


def level_of(customer: CustomerRow) -> Level:
    """Return the customer's settings as the level that projects inherit from."""
    return Level("customer", str(customer.id), customer.settings)


def resolved_settings(levels: list[Level]) -> ResolvedSettings:
    """Return the settings that hold after *levels*, and where each comes from."""
    found = tuple(
        ResolvedSetting(key=".".join(one.path), value=one.value, source=one.level.source, source_id=one.level.source_id)
        for one in resolved(levels)
    )
    return ResolvedSettings(settings=effective(levels), resolved=found)


def _settle(recorder: Recorder, customer: CustomerRow, given: Json) -> Json:
    return _keep_settings(recorder, customer, merged(customer.settings, given))


def _keep_settings(recorder: Recorder, customer: CustomerRow, settings: Json) -> Json:
    before, customer.settings = customer.settings, checked_size(settings)
    if before != settings:
        recorder.audit("customer.settings_updated", ("customer", customer.id), before=before, after=settings)
        recorder.say("customer.settings_updated", {"settings": settings}, customer_id=customer.id)
    return settings


def _write(customer: CustomerRow, update: CustomerChange) -> tuple[Json, Json]:
    """Put what was given into the row; return those fields as they were, and as they are now."""
    before: Json = {}
    after: Json = {}
    for name in sorted(update.model_fields_set):
        column = "metadata_" if name == "metadata" else name
        known, value = getattr(customer, column), _stored(customer, name, getattr(update, name))
        if known != value:
            before[name], after[name] = known, value
            setattr(customer, column, value)
    return before, after


def _stored(customer: CustomerRow, name: str, value: Any) -> Any:
    if isinstance(value, Address):
        return address_of(value)
    return checked_size(merged(customer.metadata_, value)) if name == "metadata" else value

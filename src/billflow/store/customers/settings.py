"""The settings of a customer, which its projects and their channels inherit."""

from billflow.domain.inheritance import Level, effective, merged, resolved, without
from billflow.models.contracts.customer_settings import (
    CustomerSettings,
    Json,
    ResolvedSetting,
    ResolvedSettings,
    checked_size,
)
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.taxpayers import check_taxpayer
from billflow.models.tables import ChannelRow, CustomerRow, ProjectRow
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.transactions import customer_change, customer_read
from billflow.store.session.database import Repository


class PostgresSettingsRepository(Repository):
    """The settings of customers; every method is one transaction. Unknown ids raise `NotFound`."""

    async def get(self, ref: CustomerRef) -> ResolvedSettings:
        """Return the customer's settings, and where each comes from."""
        async with customer_read(self.database, ref) as (customer, _):
            return resolved_settings(customer)

    async def merge(self, ref: CustomerRef, given: CustomerSettings, change: ChangeContext) -> Json:
        """Merge *given* into the customer's settings, and return all of them; null takes a key away."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            return _write(recorder, customer, merged(customer.settings, given.given()))

    async def remove(self, ref: CustomerRef, key: str, change: ChangeContext) -> Json:
        """Take one setting away by its dotted path, and return the others; raises `NotFound`."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            return _write(recorder, customer, without(customer.settings, key))


def resolved_settings(*holders: CustomerRow | ProjectRow | ChannelRow) -> ResolvedSettings:
    """Return the settings that hold in the last of *holders*, each of which inherits from the one before."""
    levels = [Level(row.__tablename__, str(row.id), row.settings) for row in holders]
    found = tuple(
        ResolvedSetting(key=".".join(one.path), value=one.value, source=one.level.source, source_id=one.level.source_id)
        for one in resolved(levels)
    )
    return ResolvedSettings(settings=effective(levels), resolved=found)


def _write(recorder: Recorder, customer: CustomerRow, settings: Json) -> Json:
    check_taxpayer(customer.billing_address, settings)
    before, customer.settings = customer.settings, checked_size(settings)
    if before != settings:
        recorder.audit(
            "customer.settings_updated",
            ("customer", customer.id),
            before={"settings": before},
            after={"settings": settings},
        )
        recorder.publish("customer.settings_updated", {"settings": settings}, customer_id=customer.id)
    return settings

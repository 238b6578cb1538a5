"""What can't be taxed yet, and may go on with other data of the customer, other rates, or another seller."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import CustomerPlan, InvoiceRow, OutboxEvent

_ADDRESS_MISSING = "tax_address_missing"
_OF_CUSTOMER = frozenset({"customer.updated", "customer.settings_updated"})
_OF_ORGANIZATION = frozenset({"tax.applied", "seller.applied"})


async def waiting_for_tax(
    session: AsyncSession, events: Iterable[OutboxEvent]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of plans on hold, and of invoices that Stripe could not tax, which *events* may let go on."""
    of_all = any(event.type in _OF_ORGANIZATION for event in events)
    customer_ids = {event.customer_id for event in events if event.type in _OF_CUSTOMER}
    if not of_all and not customer_ids:
        return (), ()
    of_plans: ColumnElement[bool] = true() if of_all else CustomerPlan.customer_id.in_(customer_ids)
    on_hold = CustomerPlan.attention_code.in_([_ADDRESS_MISSING, "no_tax_rate"])
    plans = await session.scalars(select(CustomerPlan.id).where(on_hold, of_plans))
    invoices = await session.scalars(
        select(InvoiceRow.id).where(
            InvoiceRow.customer_id.in_(customer_ids),
            InvoiceRow.status == InvoiceStatus.DRAFT,
            InvoiceRow.last_outcome["code"].astext == _ADDRESS_MISSING,
        )
    )
    return tuple(map(str, plans)), tuple(map(str, invoices))

"""Which payments that Stripe reports need not be passed on: those that an attempt of ours brought and recorded."""

from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import aliased

from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.stripe_event_types import CLOSED
from billflow.models.contracts.webhooks import StripeEvent
from billflow.models.tables import CustomerPlan, InvoiceRow

_ON_HOLD = aliased(CustomerPlan)

IS_KNOWN = (
    select(InvoiceRow.id)
    .join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id)
    .where(
        InvoiceRow.id == bindparam("of_invoice", type_=Uuid()),
        InvoiceRow.status == InvoiceStatus.PAID,
        InvoiceRow.last_outcome["kind"].astext == "paid",
        InvoiceRow.customer_suspended_at.is_(None),
        CustomerPlan.awaiting_invoice_id.is_distinct_from(InvoiceRow.id),
        CustomerPlan.status != PlanStatus.ENDED,
        ~select(_ON_HOLD.id)
        .where(_ON_HOLD.customer_id == InvoiceRow.customer_id, _ON_HOLD.on_hold_since.is_not(None))
        .exists(),
    )
    .exists()
)
"""Whether an attempt to collect `of_invoice` has recorded its payment, and nothing waits for that to be passed on.

The workflow that made the attempt has its outcome as the result of an activity. What passing it on may change is a plan
that waits for the payment, has ended or is on hold, and a customer that is suspended.
"""


def paid_invoice_of(event: StripeEvent) -> UUID | None:
    """Return our invoice that an event reports as paid, None for every other event."""
    if event.invoice_id is None or CLOSED.get(event.type) is not InvoiceStatus.PAID:
        return None
    try:
        return UUID(event.invoice_id)
    except ValueError:
        return None

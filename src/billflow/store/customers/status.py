"""The status of a customer: what a change needs, and what it does to the plans that run."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.customers import ChangeContext, CustomerStatus
from billflow.models.contracts.invoices import UNPAID
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow
from billflow.store.audit.recorder import Recorder

_EVENTS = {
    CustomerStatus.ACTIVE: "customer.activated",
    CustomerStatus.SUSPENDED: "customer.suspended",
    CustomerStatus.INACTIVE: "customer.deactivated",
}


def set_status(customer: CustomerRow, status: CustomerStatus, recorder: Recorder, change: ChangeContext) -> None:
    """Give the customer another status, with an audit entry and an event; the same status again does nothing."""
    if customer.status is status:
        return
    before = {"status": customer.status}
    customer.status = status
    customer.suspended_at = change.at if status is CustomerStatus.SUSPENDED else None
    event, detail = _EVENTS[status], {"reason": change.reason}
    recorder.audit(event, ("customer", customer.id), before=before, after={"status": status}, detail=detail)
    recorder.publish(event, detail, customer_id=customer.id)


def hold_until_resumed(plan: CustomerPlan, customer: CustomerRow) -> None:
    """Leave a live plan unbilled from the end of its customer's suspension until the step that resumes it."""
    if plan.status.is_live and customer.suspended_at is not None:
        plan.on_hold_since = plan.on_hold_since or customer.suspended_at
        plan.version += 1


def check_no_live_plan(plans: Sequence[CustomerPlan]) -> None:
    """Raise `Refused` where a plan is live or being bought."""
    if plans:
        raise Refused("The customer has a live plan; end that one first.", code="live_plan")


async def check_no_open_invoice(session: AsyncSession, customer_id: UUID) -> None:
    """Raise `Refused` where an invoice of the customer is still to be paid."""
    unpaid = exists().where(InvoiceRow.customer_id == customer_id, InvoiceRow.status.in_(UNPAID))
    if await session.scalar(select(unpaid)):
        raise Refused("The customer has an open invoice; pay or void it first.", code="open_invoice")

"""What comes late: a trial's payment after its end, and the one notice of invoices made after an outage."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import PlanStatus
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow
from billflow.store.customers.transactions import LIVE


def was_paid_late(invoice: InvoiceRow, trial: CustomerPlan) -> bool:
    """Tell whether the invoice bought the trial, and was paid after the trial had ended."""
    if invoice.kind is not InvoiceKind.TRIAL_PURCHASE or invoice.plan_id != trial.id:
        return False
    if trial.status is not PlanStatus.ENDED or trial.ended_at is None:
        return False
    return invoice.paid_at is not None and invoice.paid_at >= trial.ended_at


async def has_plan(session: AsyncSession, customer: CustomerRow) -> bool:
    """Tell whether the customer has a plan that runs, or waits for its purchase."""
    return bool(await session.scalar(select(exists().where(CustomerPlan.customer_id == customer.id, LIVE))))


def backfill_notice(invoices: Sequence[InvoiceRow]) -> dict[str, object]:
    """Return the data of the one event about all *invoices* that were made late."""
    names = ("issued_at", "due_at", "total", "currency")
    shown = [{"invoice_id": one.id} | {name: getattr(one, name) for name in names} for one in invoices]
    return {"invoices": shown, "total": sum(invoice.total for invoice in invoices)}

"""What the rows say of an unpaid invoice: the policy, how far its collection has come, and which seats count."""

from datetime import UTC, datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import usual_seats
from billflow.domain.dunning import DEFAULT_POLICY, DunningPolicy, UnpaidInvoice
from billflow.domain.plan import PlanStatus
from billflow.domain.seats import seats_of
from billflow.models.contracts.mail import Occasion
from billflow.models.tables import CustomerPlan, CustomerRow, DunningPolicyRow, InvoiceRow, MailRow, PaymentAttempt
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.plans.mapping import hosting_of
from billflow.store.plans.start import newest_observation
from billflow.store.session.rows import from_row

POLICY = TypeAdapter(DunningPolicy)
_FAILED = ("declined", "requires_action")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def policy_of(session: AsyncSession) -> DunningPolicy:
    """Return how the organization collects."""
    stored: object = (await session.scalars(select(DunningPolicyRow.policy))).one_or_none()
    return POLICY.validate_python(stored) if stored is not None else DEFAULT_POLICY


def outcome_of(invoice: InvoiceRow) -> str | None:
    """Return the kind of the last answer to an attempt."""
    kind: str | None = (invoice.last_outcome or {}).get("kind")
    return kind


async def unpaid_invoice(session: AsyncSession, invoice: InvoiceRow, replaced: datetime | None) -> UnpaidInvoice:
    """Return how far collecting an invoice has come; what came before it was *replaced* at Stripe does not count."""
    plan = await session.get_one(CustomerPlan, invoice.plan_id)
    failed_at, failures = await _failures(session, invoice.id, replaced)
    return from_row(
        UnpaidInvoice,
        invoice,
        failed_at=failed_at,
        attempts=failures,
        requires_action=outcome_of(invoice) == "requires_action",
        reminders=await _reminders(session, invoice.id, replaced),
        suspended_at=invoice.customer_suspended_at,
        plan_ended=plan.status is PlanStatus.ENDED,
    )


async def _failures(session: AsyncSession, invoice_id: UUID, replaced: datetime | None) -> tuple[datetime | None, int]:
    query = select(func.min(PaymentAttempt.at), func.count()).where(
        PaymentAttempt.invoice_id == invoice_id,
        PaymentAttempt.outcome["kind"].astext.in_(_FAILED),
        PaymentAttempt.created_at > (replaced or _LONG_AGO),
    )
    first, count = (await session.execute(query)).one()
    return first, count


async def attempts_before(session: AsyncSession, invoice_id: UUID, replaced: datetime | None) -> int:
    """Return how many attempts there were before the invoice was issued anew."""
    before = PaymentAttempt.created_at <= (replaced or _LONG_AGO)
    query = select(func.count()).where(PaymentAttempt.invoice_id == invoice_id, before)
    return await session.scalar(query) or 0


async def _reminders(session: AsyncSession, invoice_id: UUID, replaced: datetime | None) -> int:
    reminders = [occasion for occasion in Occasion if occasion.is_reminder]
    query = select(func.count()).where(MailRow.invoice_id == invoice_id, MailRow.occasion.in_(reminders))
    return await session.scalar(query.where(MailRow.created_at > (replaced or _LONG_AGO))) or 0


async def counted_seats(
    session: AsyncSession, customer: CustomerRow, plan: CustomerPlan | None, at: datetime
) -> int | None:
    """Return the seats that the small-organization rule counts, by the live *plan* if any; None before any report."""
    seen = await newest_observation(session, customer, at)
    if seen is None:
        return None
    counted = (await current_catalog(session)).tier(plan.tier).seat_rule if plan else usual_seats(hosting_of(customer))
    return seats_of(counted, seen)

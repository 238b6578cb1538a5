"""Whose seats are counted when: by hand whoever is asked for, else once a day and around each billing date."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from billflow.models.contracts.customers import CustomerStatus
from billflow.models.contracts.seat_sources import SeatPullInput, SeatSourceKind
from billflow.models.tables import CustomerPlan, CustomerRow, SeatPullRow, SeatSourceRow
from billflow.store.customers.transactions import LIVE
from billflow.store.session.rows import as_id

EVERY = timedelta(hours=24) - timedelta(minutes=20)
"""How old a count may be before it is taken again: a day, less how often is looked."""

BEFORE_BILLING = timedelta(hours=1)

SOON_AGAIN = timedelta(minutes=10)

STALE = "stale_seat_data"


def customers_to_count(request: SeatPullInput) -> Any:
    """Return the query for the customers to count, each with its source: its own, or that of all without one."""
    own, default = aliased(SeatSourceRow), aliased(SeatSourceRow)
    source_id = func.coalesce(own.id, default.id)
    query = (
        select(CustomerRow.id, source_id)
        .outerjoin(own, and_(own.customer_id == CustomerRow.id, own.removed_at.is_(None)))
        .outerjoin(default, and_(default.customer_id.is_(None), default.removed_at.is_(None)))
        .where(func.coalesce(own.kind, default.kind) != SeatSourceKind.PUSH, CustomerRow.deleted_at.is_(None))
        .where(CustomerRow.status == CustomerStatus.ACTIVE)
        .order_by(source_id, CustomerRow.id)
    )
    if request.customer_id:
        return query.where(CustomerRow.id == as_id(request.customer_id, "customer"))
    if request.everyone:
        return query
    pulls = query.outerjoin(SeatPullRow, SeatPullRow.customer_id == CustomerRow.id)
    return pulls.where(_is_due(request.moment), ~_on_clock())


def _is_due(at: datetime) -> Any:
    """Tell whose turn it is: once a day, shortly before each billing date, and while a plan waits for seats."""
    pull, plan = SeatPullRow, CustomerPlan
    due_at = func.least(plan.next_invoice_date, plan.end_date)
    my_plan = select(plan.id).where(plan.customer_id == CustomerRow.id, LIVE)
    soon = my_plan.where(
        due_at <= at + BEFORE_BILLING, due_at > at, func.coalesce(pull.counted_at < due_at - BEFORE_BILLING, True)
    )
    waits = my_plan.where(plan.attention_code == STALE)
    not_just_now = pull.pulled_at <= at - SOON_AGAIN
    return or_(
        pull.pulled_at.is_(None), pull.pulled_at <= at - EVERY, and_(not_just_now, or_(exists(soon), exists(waits)))
    )


def _on_clock() -> Any:
    return exists(
        select(CustomerPlan.id).where(
            CustomerPlan.customer_id == CustomerRow.id, CustomerPlan.test_clock_id.is_not(None), LIVE
        )
    )

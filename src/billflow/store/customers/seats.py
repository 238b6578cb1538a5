"""What deployments report of how many people they have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import CustomerRef, SeatReport
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CustomerPlan, CustomerRow, TestClock
from billflow.store.customers.transactions import LIVE, refuse_erased
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, existing
from billflow.store.session.sent_directly import fetch, send_text

_REPORT = (
    "WITH written AS (INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)"
    " SELECT $1, $2, reported.* FROM unnest("
    "$3::timestamptz[], $4::bigint[], $5::bigint[]) AS reported"
    " ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM written"
)


@dataclass(frozen=True, slots=True)
class ReportingCustomer:
    """Who reports seats, and by what time: where the test clock of its plans stands, None in real time.

    `furthest` is the test clock of the organization that is furthest ahead, for a customer without a plan. `on_hold`
    are the plans that may wait for what is reported.
    """

    id: UUID
    org_id: UUID
    has_plan: bool
    clock_at: datetime | None
    furthest: datetime | None
    on_hold: tuple[PlanRef, ...]


@dataclass(frozen=True, slots=True)
class ReportedSeats:
    """How many moments were new, and the plans that may go on by them."""

    new: int
    on_hold: tuple[PlanRef, ...]


Observe = Callable[[ReportingCustomer], Sequence[SeatReport]]
"""Returns what a customer reports; what it raises is raised, and nothing is stored."""


class PostgresSeatRepository(Repository):
    """Seat observations; every method is one transaction of two statements, since products report often."""

    async def report(self, ref: CustomerRef, reports: Sequence[SeatReport]) -> int:
        """Store what was observed of a customer, and return how many moments were new; the first of one counts.

        Raises `NotFound`, and `Refused` for a customer that was erased.
        """
        return (await self.report_of_customer(ref, lambda _: reports)).new

    async def report_of_customer(self, ref: CustomerRef, observe: Observe) -> ReportedSeats:
        """Store what *observe* makes of a report; raises as `report` does."""
        key = as_id(ref.customer_id, "customer")
        return await self._report(ref.org_id, (_OF_CUSTOMER, key, "customer"), observe)

    async def report_of_deployment(self, org_id: str, deployment_id: str, observe: Observe) -> ReportedSeats:
        """Store the same for the customer of a deployment."""
        key = as_id(deployment_id, "deployment")
        return await self._report(org_id, (_OF_DEPLOYMENT, key, "deployment"), observe)

    async def _report(
        self, org_id: str, whose: tuple[Select[*tuple[Any, ...]], UUID, str], observe: Observe
    ) -> ReportedSeats:
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            customer = await _reporting(session, *whose)
            reports = observe(customer)
            moments = [report.observed_at for report in reports]
            seats = [[report.members for report in reports], [report.guests for report in reports]]
            ((written,),) = await send_text(session, _REPORT, (customer.org_id, customer.id, moments, *seats))
            return ReportedSeats(written, customer.on_hold)


async def _reporting(session: AsyncSession, query: Select[*tuple[Any, ...]], key: UUID, noun: str) -> ReportingCustomer:
    found = existing(next(iter(await fetch(session, query, {"whose": key})), None), noun, str(key))
    customer_id, org_id, erased_at, plans, clock_at, furthest, on_hold = found
    refuse_erased(erased_at)
    waiting = tuple(PlanRef(org_id=str(org_id), plan_id=str(plan_id)) for plan_id in on_hold or ())
    return ReportingCustomer(customer_id, org_id, plans > 0, clock_at, furthest, waiting)


def _reporting_query(is_it: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    plans = func.count(CustomerPlan.id)
    furthest = select(func.max(TestClock.now_at)).correlate(None).scalar_subquery()
    return (
        select(
            CustomerRow.id,
            CustomerRow.org_id,
            CustomerRow.erased_at,
            plans,
            func.max(TestClock.now_at),
            case((plans == 0, furthest)),
            func.array_agg(CustomerPlan.id).filter(CustomerPlan.attention_code.is_not(None)),
        )
        .outerjoin(CustomerPlan, and_(CustomerPlan.customer_id == CustomerRow.id, LIVE))
        .outerjoin(TestClock, TestClock.id == CustomerPlan.test_clock_id)
        .where(is_it, CustomerRow.deleted_at.is_(None))
        .group_by(CustomerRow.id)
    )


_WHOSE = bindparam("whose", type_=CustomerRow.id.type)
_OF_CUSTOMER = _reporting_query(CustomerRow.id == _WHOSE)
_OF_DEPLOYMENT = _reporting_query(
    or_(CustomerRow.realm_id == _WHOSE, CustomerRow.remote_realm_id == _WHOSE, CustomerRow.remote_server_id == _WHOSE)
)

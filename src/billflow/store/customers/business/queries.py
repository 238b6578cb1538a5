"""The figures of the whole business, each in one statement (rules 38)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.calendar import add_months, month_begins
from billflow.models.contracts.business import MONTHS, BusinessReport, CustomerMovement, RenewalForecast
from billflow.store.customers.business.attention import failing_endpoints, findings, on_hold, queues
from billflow.store.customers.business.money import collected, debts, unpaid
from billflow.store.customers.business.movements import customer_movements, movements
from billflow.store.customers.business.revenue import by_day, by_tier, forecast, running_plans
from billflow.store.session.database import AS_OF, Repository


class PostgresBusinessQueries(Repository):
    """What the records say of a whole organization; nothing here writes."""

    async def report(self, org_id: str, at: datetime) -> BusinessReport:
        """Return all figures as of *at*, over the last `MONTHS` whole months."""
        begins = month_begins(at, MONTHS)
        async with self.database.unit_of_work(org_id) as session:
            plans = await running_plans(session, at)
            return BusinessReport(
                at=at,
                revenue=by_tier(plans),
                months=await movements(session, begins),
                year=await movements(session, (begins[0], begins[-1])),
                collected=await collected(session, begins[0], add_months(begins[-1], 1)),
                unpaid=await unpaid(session, at),
                debts=tuple(await debts(session)),
                renewals=by_day(forecast(plans)),
                on_hold=tuple(await on_hold(session)),
                **({} if AS_OF in session.info else await _waiting(session)),
            )

    async def renewals(self, org_id: str, at: datetime) -> Sequence[RenewalForecast]:
        """Return the plans whose next cycle begins within 30 days of *at*, the next one first."""
        async with self.database.unit_of_work(org_id) as session:
            return forecast(await running_plans(session, at))

    async def movements(
        self, org_id: str, since: datetime, until: datetime, currency: str | None = None
    ) -> Sequence[CustomerMovement]:
        """Return the customers of whom what is billed to recur changed in `[since, until)`, the largest first."""
        async with self.database.unit_of_work(org_id) as session:
            return await customer_movements(session, since, until, currency)


async def _waiting(session: AsyncSession) -> dict[str, Any]:
    """Return what waits for somebody or something; of it nothing is kept that is over."""
    reconciled_at, found = await findings(session)
    return {
        "reconciled_at": reconciled_at,
        "findings": tuple(found),
        "failing_endpoints": tuple(await failing_endpoints(session)),
        "queues": tuple(await queues(session)),
    }

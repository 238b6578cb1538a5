"""PostgreSQL as the system of record: `ports.billing.Books`, put together from its parts."""

from dataclasses import dataclass

from billflow.domain.errors import NotFound
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CustomerPlan, InvoiceRow
from billflow.store.adjustments.repository import Settling
from billflow.store.dunning.repository import Dunning
from billflow.store.plans.late_payments import Late
from billflow.store.plans.snapshots import STATES, StateRows, state_of
from billflow.store.plans.start import Starts
from billflow.store.plans.steps import Steps
from billflow.store.session.database import as_id


@dataclass(frozen=True)
class PostgresBooks(Steps, Starts, Late, Settling, Dunning):
    """The records; every method is one transaction and safe to repeat."""

    async def plan_state(self, plan: PlanRef) -> PlanState:
        """Return the plan as it is now; raises `NotFound`."""
        query = STATES.where(CustomerPlan.id == as_id(plan.plan_id, "plan"))
        async with self.database.unit_of_work(plan.org_id) as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            raise NotFound(f"There is no plan {plan.plan_id!r}.")
        return state_of(StateRows(*found), self.catalog)

    async def purchased_licenses(self, plan: PlanRef, invoice_id: str) -> int:
        """Return how many licenses a purchase invoice of the plan paid for; raises `NotFound`."""
        async with self.database.unit_of_work(plan.org_id) as session:
            invoice = await session.get(InvoiceRow, as_id(invoice_id, "invoice"))
            if invoice is None or str(invoice.plan_id) != plan.plan_id or invoice.licenses is None:
                raise NotFound(f"There is no purchase invoice {invoice_id!r} of that plan.")
            return invoice.licenses

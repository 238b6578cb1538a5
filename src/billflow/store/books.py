"""PostgreSQL as the system of record: `ports.Books`, put together from its parts."""

from dataclasses import dataclass

from billflow.domain.errors import NotFound
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CustomerPlan, Invoice
from billflow.store.dunning import Dunning
from billflow.store.engine import as_id
from billflow.store.late import Late
from billflow.store.settling import Settling
from billflow.store.starting import Starts
from billflow.store.states import STATES, StateRows, state_of
from billflow.store.steps import Steps


@dataclass(frozen=True)
class PostgresBooks(Steps, Starts, Late, Settling, Dunning):
    """The books; every method is one transaction and safe to repeat."""

    async def plan_state(self, plan: PlanRef) -> PlanState:
        """Return the plan as it is now; raises `NotFound`."""
        query = STATES.where(CustomerPlan.id == as_id(plan.plan_id, "plan"))
        async with self.database.unit_of_work(plan.org_id) as session:
            found = (await session.execute(query)).one_or_none()
        if found is None:
            raise NotFound(f"There is no plan {plan.plan_id!r}.")
        return state_of(StateRows(*found), self.catalog)

    async def purchased_licenses(self, plan: PlanRef, invoice_id: str) -> int:
        """Return how many licences a purchase invoice of the plan paid for; raises `NotFound`."""
        async with self.database.unit_of_work(plan.org_id) as session:
            invoice = await session.get(Invoice, as_id(invoice_id, "invoice"))
            if invoice is None or str(invoice.plan_id) != plan.plan_id or invoice.licenses is None:
                raise NotFound(f"There is no purchase invoice {invoice_id!r} of that plan.")
            return invoice.licenses

"""Reconciliation from outside, and what it needs to know and do about workflows."""

from dataclasses import dataclass
from datetime import datetime

from billflow.models.contracts.collection import CollectionInput
from billflow.models.contracts.invoices import InvoiceStatusChanged
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import ReconciliationInput, RecordedInvoice
from billflow.ports.reconciliation import RunningPlans, Workflows
from billflow.service.collection import CollectionService
from billflow.service.workflow_control import WorkflowControl
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.workflow_starts import collection_workflow, reconciliation_workflow


@dataclass(frozen=True)
class ReconciliationService(Workflows):
    """Compares on request, and answers the comparison's questions about workflows."""

    control: WorkflowControl
    collection: CollectionService

    async def reconcile(self, request: ReconciliationInput, day: datetime) -> str:
        """Compare everything now, joining the run of that day where one goes on, and return the id of the run."""
        run_id: str = await self.control.run(reconciliation_workflow(request, day))
        return run_id

    async def has_plan(self, plan_id: str) -> bool:
        return await self.control.is_running(plan_workflow_id(plan_id))

    async def has_collection(self, invoice_id: str) -> bool:
        return await self.control.is_running(collection_workflow_id(invoice_id))

    async def running_plans(self, org_id: str, after: str | None) -> RunningPlans:
        return await self.control.running_plans(org_id, after)

    async def start_plan(self, state: PlanState) -> None:
        await self.collection.plans.customer_changed(state.org_id, state.customer_id)

    async def wake_plan(self, plan_id: str) -> None:
        await self.control.signal(plan_workflow_id(plan_id), "customer_changed")

    async def collect(self, recorded: RecordedInvoice, clock_at: datetime | None, *, at_once: bool) -> None:
        start = collection_workflow(CollectionInput(invoice=recorded.summary, attempts=0, clock_at=clock_at))
        await self.control.start(start, "retry" if at_once else None)

    async def invoice_status_changed(self, change: InvoiceStatusChanged) -> None:
        await self.collection.invoice_status_changed(change)

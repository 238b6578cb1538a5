"""The workflows of an organization as a whole: which run, how to start or wake one, and the run that compares them."""

import base64
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from billflow.models.contracts.collection import CollectionRun
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import ReconciliationRun, RecordedInvoice
from billflow.models.contracts.steps import PlanRef
from billflow.ports.reconciliation import PAGE, RunningPlans, RunningWorkflows
from billflow.service.billing import Billing
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id, reconciliation_workflow_id
from billflow.temporal.queues import BILLFLOW
from billflow.workflows.collection import CollectionWorkflow
from billflow.workflows.reconciliation import ReconciliationWorkflow

_PLANS = "plan/"


@dataclass(frozen=True)
class Fleet(RunningWorkflows):
    """Workflows on Temporal, which answers for single workflows at once and lists them a moment behind."""

    client: Client
    billing: Billing

    async def has_plan(self, plan_id: str) -> bool:
        return await self._runs(plan_workflow_id(plan_id))

    async def has_collection(self, invoice_id: str) -> bool:
        return await self._runs(collection_workflow_id(invoice_id))

    async def running_plans(self, org_id: str, after: str | None) -> RunningPlans:
        query = f"WorkflowType = 'PlanWorkflow' AND ExecutionStatus = 'Running' AND BillflowOrg = '{org_id}'"
        token = base64.b64decode(after) if after else None
        listed = self.client.list_workflows(query, page_size=PAGE, next_page_token=token)
        await listed.fetch_next_page()
        ids = [execution.id.removeprefix(_PLANS) for execution in listed.current_page or ()]
        following = listed.next_page_token
        return RunningPlans(ids, base64.b64encode(following).decode() if following else None)

    async def start_plan(self, state: PlanState) -> None:
        await self.billing.customer_changed(state.org_id, state.customer_id)

    async def wake_plan(self, plan_id: str) -> None:
        await self._signal(plan_workflow_id(plan_id), "customer_changed")

    async def collect(self, recorded: RecordedInvoice, clock_at: datetime | None, *, at_once: bool) -> None:
        invoice = recorded.summary
        await self.client.start_workflow(
            CollectionWorkflow.run,
            CollectionRun(invoice=invoice, attempts=0, clock_at=clock_at),
            id=collection_workflow_id(invoice.invoice_id),
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="found by reconciliation",
            start_signal="retry" if at_once else None,
        )

    async def invoice_closed(self, plan: PlanRef, invoice_id: str, status: InvoiceStatus, at: datetime) -> None:
        await self.billing.invoice_closed(plan, invoice_id, status, at)

    async def reconcile(self, run: ReconciliationRun, day: datetime) -> str:
        """Compare everything now, joining the run of that day where one goes on, and return the id of the run."""
        handle = await self.client.start_workflow(
            ReconciliationWorkflow.run,
            run,
            id=reconciliation_workflow_id(run.org_id, day),
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="rows, Stripe and workflows",
        )
        return await handle.result()

    async def _runs(self, workflow_id: str) -> bool:
        try:
            found = await self.client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return found.status is WorkflowExecutionStatus.RUNNING

    async def _signal(self, workflow_id: str, signal: str) -> None:
        try:
            await self.client.get_workflow_handle(workflow_id).signal(signal)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

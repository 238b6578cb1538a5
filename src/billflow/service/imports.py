"""Moving in from another billing system: what is imported, and the workflows of its plans (rules 40)."""

from dataclasses import dataclass

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.imports import ImportCreate, ImportRecord
from billflow.models.contracts.plans import PlanInput
from billflow.store.session.repositories import Repositories
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import plan_workflow


@dataclass(frozen=True)
class ImportService:
    """Imports as callers see them."""

    control: WorkflowControl
    repositories: Repositories

    async def take(self, org_id: str, asked: ImportCreate, change: ChangeContext) -> tuple[ImportRecord, ...]:
        """Import customers, each whole or not at all, and start the workflows of their plans.

        With `check` nothing is written. Repeated, what was imported stays as it is, and a plan whose workflow was not
        started is started.
        """
        imports = self.repositories.imports
        act = imports.check if asked.check else imports.take
        results = await act(org_id, asked, change)
        if not asked.check:
            running = [state for result in results for state in result.plans if state.runs]
            for state in running:
                await self.control.start(plan_workflow(PlanInput(state=state)))
        return tuple(row for result in results for row in result.rows)

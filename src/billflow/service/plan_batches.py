"""One command for many plans: a dry run of all of them first, then the command, in the background."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from billflow.domain.amount_fields import AMOUNTS
from billflow.domain.commands import ScheduleTierAtPlanEnd, UpgradeTierNow
from billflow.domain.errors import InvalidInput
from billflow.domain.scopes import Scope
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.plan_batches import BatchInput, BatchRef, PlanBatchCreate, PlanBatchRecord
from billflow.service.scopes import check_scopes
from billflow.store.session.repositories import Repositories
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import plan_batch_workflow


@dataclass(frozen=True)
class PlanBatchService:
    """Batches of plans as their callers see them; what they read is in the repository."""

    control: WorkflowControl
    repositories: Repositories

    async def create(
        self,
        org_id: str,
        asked: PlanBatchCreate,
        key: NamespacedKey,
        change: ChangeContext,
        scopes: Collection[Scope],
    ) -> PlanBatchRecord:
        """Fix which plans a batch is about, and begin its dry run, once for each *key*.

        Raises `Forbidden` where the command needs more than *scopes*, and `InvalidInput` for a tier that is not sold
        and for plans that are none or too many.
        """
        check_scopes(asked.command, scopes)
        _check_currency(asked)
        if isinstance(asked.command, UpgradeTierNow | ScheduleTierAtPlanEnd):
            (await self.repositories.catalogs.current(org_id)).tier(asked.command.tier)
        return await self._going_on(await self.repositories.plan_batches.create(org_id, asked, key, change))

    async def confirm(
        self, batch: BatchRef, reason: str, change: ChangeContext, scopes: Collection[Scope]
    ) -> PlanBatchRecord:
        """Give the command to every plan that the dry run found ready; once, however often it is confirmed.

        Raises `Forbidden` where the command needs more than *scopes*, and what the repository's `confirm` raises.
        """
        check_scopes((await self.repositories.plan_batches.get(batch)).command, scopes)
        return await self._going_on(await self.repositories.plan_batches.confirm(batch, reason, change))

    async def _going_on(self, record: PlanBatchRecord) -> PlanBatchRecord:
        """Start the workflow of what a batch is to do, unless it runs."""
        if record.phase is not None:
            part = BatchInput(org_id=record.org_id, plan_batch_id=record.plan_batch_id, phase=record.phase)
            await self.control.start(plan_batch_workflow(part))
        return record


def _check_currency(asked: PlanBatchCreate) -> None:
    """Raise `InvalidInput` for a command with an amount whose currency is not that of all the plans."""
    named = asdict(asked.command)
    amounts = sorted(name for name in named.keys() & AMOUNTS if named[name] is not None)
    if amounts and asked.plans.currency is None:
        message = f"{amounts[0]} is an amount; name its currency among the filters, since plans may have another."
        raise InvalidInput(message, code="currency_missing", field="plans.currency")

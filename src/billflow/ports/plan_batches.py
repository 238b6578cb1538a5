"""What giving one command to many plans needs: the batch as rows, and the plans."""

from datetime import datetime
from typing import Protocol

from billflow.domain.commands import PlanCommand
from billflow.domain.discounts import Preview
from billflow.domain.plan import Plan
from billflow.models.contracts.plan_batches import BatchInput, BatchItemResult, BatchPreview, BatchWork
from billflow.models.contracts.plans import StepResult
from billflow.models.contracts.steps import CommandRequest, PlanRef


class PlanBatchRepository(Protocol):
    """Batches as rows; every method is one transaction and safe to repeat."""

    async def work(self, part: BatchInput, limit: int) -> BatchWork | None:
        """Return the next plans of a part of a batch, None where nothing is left of it or it was canceled."""

    async def record_preview(self, part: BatchInput, plan_id: str, found: BatchPreview) -> None:
        """Note what the command would do to a plan, which is ready for it then."""

    async def record_result(self, part: BatchInput, plan_id: str, result: BatchItemResult, at: datetime) -> None:
        """Note what came of a plan; one whose part is done stays as it is."""

    async def finish(self, part: BatchInput, at: datetime) -> None:
        """End a part of a batch of which nothing is left."""


class OldSystem(Protocol):
    """What billed plans before; raises `BillingError` with a stable code."""

    async def check(self, ref: PlanRef, plan: Plan) -> None:
        """Refuse the cutover of a plan, as it is asked for, whose old subscription can't be told to end for it."""


class CommandTaker(Protocol):
    """Plans as their callers see them; raises `BillingError` with a stable code where a rule says no."""

    async def preview(self, plan: PlanRef, command: PlanCommand | None) -> Preview:
        """Return what a command would do."""

    async def command(self, plan: PlanRef, request: CommandRequest) -> StepResult:
        """Give a plan a command, and return what came of it."""

"""Giving one command to many plans, a few at a time: what is done is in the rows, and goes on from there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from billflow.domain.cutover import CutoverUndecided
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.errors import BillingError
from billflow.errors import InternalError, StepFailing, Unavailable
from billflow.models.contracts.plan_batches import (
    BatchInput,
    BatchItemResult,
    BatchItemStatus,
    BatchPlan,
    BatchPreview,
    BatchStatus,
    BatchWork,
)
from billflow.ports.plan_batches import CommandTaker, OldSystem, PlanBatchRepository
from billflow.ports.plans import PlanRepository
from billflow.temporal.workflow_control import WorkflowTaskFailing

SLICE = 20
"""Plans of one activity; between two, the workflow waits (`workflows/plan_batches.py`)."""

AT_ONCE = 4
"""Plans that are asked at once."""

ANSWER_SECONDS = 40.0
"""How long a plan may take; the others go on."""

ATTEMPTS = 3
"""How often a plan is tried that fails by a fault of ours, before it counts as failed and the others go on."""

_ONE_PLAN_FAILS = (StepFailing, WorkflowTaskFailing)
_NO_ANSWER = BatchItemResult(
    status=BatchItemStatus.FAILED,
    code="no_answer_in_time",
    message="The plan did not answer in time; its timeline shows whether it took the command.",
)

_NOT_DECIDED = BatchItemResult(
    status=BatchItemStatus.FAILED,
    code=CutoverUndecided.code,
    message="Stripe has not said yet how the old subscription stands; the plan goes on asking.",
)

Take = Callable[[BatchInput, BatchWork, BatchPlan], Awaitable[None]]


@dataclass(frozen=True)
class PlanBatchActivities:
    """The parts of a batch: its dry run, and its commands; each plan's may happen twice, and counts once."""

    batches: PlanBatchRepository
    states: PlanRepository
    plans: CommandTaker
    old_system: OldSystem

    @activity.defn
    async def take_batch_slice(self, part: BatchInput) -> bool:
        """Do the next plans of a part, and tell whether there may be more."""
        work = await self.batches.work(part, SLICE)
        if work is None:
            await self.batches.finish(part, datetime.now(UTC))
            return False
        take, limit = self._preview if part.phase is BatchStatus.PREVIEWING else self._give, asyncio.Semaphore(AT_ONCE)

        async def one(plan: BatchPlan) -> None:
            async with limit:
                await self._answered(take, part, work, plan)

        await asyncio.gather(*map(one, work.plans))
        return True

    async def _answered(self, take: Take, part: BatchInput, work: BatchWork, plan: BatchPlan) -> None:
        """Let a plan take its turn; raises `Unavailable` where a server is away, for then no plan gets on."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await take(part, work, plan)
        except TimeoutError:
            await self._record(part, plan, _NO_ANSWER)
        except BillingError as error:
            if isinstance(error, Unavailable) and not isinstance(error, _ONE_PLAN_FAILS):
                raise
            await self._record(part, plan, BatchItemResult.of(_status_of(error), error))
        except Exception:
            if activity.info().attempt < ATTEMPTS:
                raise
            activity.logger.exception("a plan of a batch fails", extra={"plan_id": plan.plan_id})
            failed = InternalError("It failed by a fault of billflow; its log has more.")
            await self._record(part, plan, BatchItemResult.of(BatchItemStatus.FAILED, failed))

    async def _preview(self, part: BatchInput, work: BatchWork, plan: BatchPlan) -> None:
        ref = plan.ref(part)
        state = await self.states.get(ref)
        found = await self.plans.preview(ref, work.command)
        if isinstance(work.command, BeginCutover):
            await self.old_system.check(ref, found.outcome.plan)
        await self.batches.record_preview(part, plan.plan_id, BatchPreview.of(state, found))

    async def _give(self, part: BatchInput, work: BatchWork, plan: BatchPlan) -> None:
        result = await self.plans.command(plan.ref(part), work.request(part, plan))
        open_status = result.state.cutover_status
        is_open = isinstance(work.command, BeginCutover | CancelCutover) and open_status and open_status.is_open
        await self._record(part, plan, _NOT_DECIDED if is_open else BatchItemResult(status=BatchItemStatus.DONE))

    async def _record(self, part: BatchInput, plan: BatchPlan, result: BatchItemResult) -> None:
        await self.batches.record_result(part, plan.plan_id, result, datetime.now(UTC))


def _status_of(error: BillingError) -> BatchItemStatus:
    return BatchItemStatus.FAILED if isinstance(error, InternalError | Unavailable) else BatchItemStatus.REFUSED

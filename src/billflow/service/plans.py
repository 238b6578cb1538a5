"""What one can ask of plans: to start, to take a command, to say what comes."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from billflow.domain import plan_start
from billflow.domain.commands import PlanCommand
from billflow.domain.discounts import Preview, preview_command
from billflow.domain.errors import PlanEnded
from billflow.domain.preview import Forecast, forecast
from billflow.domain.scopes import ALL_SCOPES, Scope
from billflow.domain.step import Facts
from billflow.errors import StepFailing
from billflow.models.contracts.plans import PlanInput, PlanState, StartPlanInput, StartPlanResult, StepResult
from billflow.models.contracts.steps import CommandRequest, PlanRef
from billflow.service.scopes import check_scopes
from billflow.service.waiting_commands import WaitingCommands, check_backlog, in_line
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.ids import plan_workflow_id
from billflow.temporal.workflow_control import NoTemporalServer, WorkflowControl
from billflow.temporal.workflow_starts import plan_workflow


@dataclass(frozen=True)
class PlanService:
    """Plans as their callers see them; raises `BillingError` with a stable code where a rule says no."""

    control: WorkflowControl
    repositories: Repositories
    queries: Queries
    _waiting: WaitingCommands = field(default_factory=WaitingCommands, init=False)

    async def start(self, request: StartPlanInput, scopes: Collection[Scope] = ALL_SCOPES) -> StartPlanResult:
        """Start a plan and wait, a minute at most, for the card; the same key starts it once.

        Raises `Forbidden` where what is asked for needs more than *scopes*.
        """
        check_scopes(request.start, scopes)
        step = await self.repositories.plans.start_plan(
            request, lambda facts: plan_start.start_plan(facts, request.start, request.at)
        )
        start = plan_workflow(PlanInput(state=step.state, to_send=step.invoices))
        result: StartPlanResult = await self.control.update(
            start, "started", result_type=StartPlanResult, update_id=step.state.plan_id
        )
        return result

    async def command(
        self, plan: PlanRef, request: CommandRequest, scopes: Collection[Scope] = ALL_SCOPES
    ) -> StepResult:
        """Take a command and answer with the plan and the invoices made; the same command id answers the same.

        Where Temporal has lost the plan's workflow, it is started again from the database. Raises `Forbidden` where the
        command, or a field of it, needs more than *scopes*, and `TooManyRequests` where `MOST_WAITING` wait already.
        """
        check_scopes(request.command, scopes)
        with self._waiting.one_more(plan):
            state, known = await self.repositories.plans.get_with_result(plan, request.key_of(plan))
            if known and not known.refused:  # its workflow may have lost the answer, with its worker and server
                await self.control.signal(plan_workflow_id(plan.plan_id), "customer_changed")
            result = known or await self._update(_running(state), request)
        if result.refused:
            raise result.refused.error
        return result

    async def signal(self, plan: PlanRef, request: CommandRequest, scopes: Collection[Scope] = ALL_SCOPES) -> None:
        """Leave a command with the plan and don't wait; a refusal shows in its timeline and the audit log.

        Raises `Forbidden` as `command` does, and `TooManyRequests` where its run has `MOST_EVENTS`.
        """
        check_scopes(request.command, scopes)
        await self._leave(_running(await self.repositories.plans.get(plan)), request)

    async def signal_plan(self, state: PlanState, name: str, *args: object) -> None:
        """Signal a plan's workflow, starting it from the database where it is missing."""
        await self.control.start(plan_workflow(PlanInput(state=state)), name, *args)

    async def customer_changed(self, org_id: str, customer_id: str) -> None:
        """Let every live plan of a customer look into the database again, after a suspension or its end."""
        for state in await self.queries.plans.running(org_id, customer_id=customer_id):
            await self.signal_plan(state, "customer_changed")

    async def live_plan(self, org_id: str, customer_id: str) -> PlanState | None:
        """Return the customer's live plan, None where it has none."""
        plans = await self.queries.plans.running(org_id, customer_id=customer_id)
        return next((plan for plan in plans if plan.status.is_live), None)

    async def preview(self, plan: PlanRef, command: PlanCommand | None, at: datetime | None = None) -> Preview:
        """Return what a command would do at *at*, or what is due then (rules 29); raises what the step would raise.

        Nothing is written. Years take a second to go through, so they are gone through in a thread.
        """
        facts, now = await self.facts(plan)
        return await asyncio.to_thread(preview_command, facts, command, at or now, now=now)

    async def forecast(self, plan: PlanRef, count: int) -> Forecast:
        """Return the next *count* invoices if nothing changes; raises `InvalidInput` for a count out of bounds."""
        facts, now = await self.facts(plan)
        return await asyncio.to_thread(forecast, facts, count, now=now)

    async def _update(self, state: PlanState, request: CommandRequest) -> StepResult:
        try:
            return await self._update_once(state, request, request.command_id)
        except StepFailing:
            # The answer may be one of long ago, which a run gives to the same update for as long as it lives.
            return await self._update_once(state, request, f"{request.command_id}/{uuid4().hex}")
        except NoTemporalServer:
            return await self._signal_and_wait(state, request)

    async def _update_once(self, state: PlanState, request: CommandRequest, update_id: str) -> StepResult:
        start = plan_workflow(PlanInput(state=state))
        result: StepResult = await self.control.update(
            start, "command", request, result_type=StepResult, update_id=update_id, busy_seconds=0, runs=True
        )
        return result

    async def _signal_and_wait(self, state: PlanState, request: CommandRequest) -> StepResult:
        """Leave a command with a plan that has as many updates in flight as the server allows, and wait in line."""
        await self._leave(state, request)
        key = request.key_of(state.ref)

        async def answer() -> StepResult | None:
            return (await self.repositories.plans.get_with_result(state.ref, key))[1]

        return await in_line(answer)

    async def _leave(self, state: PlanState, request: CommandRequest) -> None:
        check_backlog(await self.control.history_length(plan_workflow_id(state.plan_id)))
        await self.signal_plan(state, "command", request)

    async def facts(self, plan: PlanRef) -> tuple[Facts, datetime]:
        """Return a plan's facts and the moment it lives at: its test clock's, or now."""
        now = (await self.repositories.plans.get(plan)).clock_at or datetime.now(UTC)
        return await self.queries.plans.facts(plan, now), now


def _running(state: PlanState) -> PlanState:
    """Return a plan that has a workflow, or should have; raises `PlanEnded` for one that is over."""
    if not state.runs:
        raise PlanEnded
    return state

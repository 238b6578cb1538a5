"""The steps of a plan's life. Each is one transaction under a key: run twice, it changes nothing the second time."""

from dataclasses import dataclass

from temporalio import activity

from billflow.domain import billing_dates, cutover, lifecycle, plan_start, suspension
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.plans import CommandsResult, ReadPlan, StepResult
from billflow.models.contracts.steps import (
    AbandonInput,
    ActivateInput,
    BackfillInput,
    CloseCycleInput,
    CommandInput,
    CommandsInput,
    KnownPlan,
    ResumeInput,
)
from billflow.ports.plans import PlanRepository


@dataclass(frozen=True)
class StepActivities:
    """What a plan's workflow does in the database."""

    plans: PlanRepository

    @activity.defn
    async def close_cycle(self, step: CloseCycleInput) -> StepResult:
        """Take in the seats, end the cycle if it is over, and bill what is open."""
        return await self.plans.take_step(step, lambda facts: _close_cycle(facts, step))

    @activity.defn
    async def record_backfill(self, step: BackfillInput) -> None:
        """Record one event for all invoices that were made late."""
        await self.plans.record_backfill(step)

    @activity.defn
    async def take_command(self, step: CommandInput) -> StepResult:
        """Take one command; a refusal is a result, written to the audit log."""
        return await self.plans.take_step(step, lambda facts: lifecycle.take_command(facts, step.command, step.at))

    @activity.defn
    async def take_commands(self, several: CommandsInput) -> CommandsResult:
        """Take commands in their order, up to one after which something else is due first."""
        results = [await self.take_command(several.step(several.requests[0]))]
        for request in several.requests[1:]:
            last = results[-1]
            if last.successor or last.state.resume_due or (last.state.due_at and last.state.due_at <= several.at):
                break
            results.append(await self.take_command(several.step(request)))
        return CommandsResult.of(results)

    @activity.defn
    async def activate(self, step: ActivateInput) -> StepResult:
        """Start the plan whose purchase is paid."""
        return await self.plans.take_step(step, lambda facts: plan_start.activate(facts, step.at))

    @activity.defn
    async def abandon(self, step: AbandonInput) -> StepResult:
        """End the plan whose purchase came to nothing, and void its invoice."""
        return await self.plans.take_step(step, lambda facts: plan_start.abandon(facts, step.reason, step.at))

    @activity.defn
    async def resume(self, step: ResumeInput) -> StepResult:
        """Resume billing after a suspension."""
        return await self.plans.take_step(step, lambda facts: _resume(facts, step))

    @activity.defn
    async def plan_state(self, known: KnownPlan) -> ReadPlan:
        """Read the plan from the database, with what steps left behind whose answers were lost with their worker."""
        return await self.plans.read(known)


def _close_cycle(facts: Facts, step: CloseCycleInput) -> Outcome:
    """Let nothing be billed from the date of an undecided cutover on; a forecast takes it as decided."""
    cutover.check_decided(facts.plan, step.at)
    return billing_dates.process_billing_date(facts, step.at)


def _resume(facts: Facts, step: ResumeInput) -> Outcome:
    cutover.check_decided(facts.plan, step.at)
    return suspension.resume(facts, step.at)

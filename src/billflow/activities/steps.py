"""The steps of a plan's life. Each is one transaction under a key: run twice, it changes nothing the second time."""

from dataclasses import dataclass

from temporalio import activity

from billflow.domain import billing_dates, lifecycle, plan_start, suspension
from billflow.models.contracts.plans import PlanState, StepResult
from billflow.models.contracts.steps import (
    AbandonInput,
    ActivateInput,
    BackfillInput,
    BillingDateInput,
    CommandInput,
    PlanRef,
    ResumeInput,
    StepInfo,
)
from billflow.ports.plans import PlanRepository


@dataclass(frozen=True)
class StepActivities:
    """What a plan's workflow does to the records."""

    plans: PlanRepository

    @activity.defn
    async def process_billing_date(self, ask: BillingDateInput) -> StepResult:
        """Take in the seats, end the cycle if it is over, and bill what is open."""
        detail = {"behind": True} if ask.behind else {}
        info = StepInfo(key=ask.key, kind="billing_date", at=ask.at, detail=detail)
        return await self.plans.take_step(ask, info, lambda facts: billing_dates.process_billing_date(facts, ask.at))

    @activity.defn
    async def announce_backfill(self, ask: BackfillInput) -> None:
        """Give the customer one notice of all invoices that were made late."""
        await self.plans.announce_backfill(ask, ask.key, ask.invoice_ids, ask.at)

    @activity.defn
    async def take_command(self, ask: CommandInput) -> StepResult:
        """Take one command; a refusal is an answer, written to the audit log."""
        info = StepInfo(
            key=ask.key,
            kind="command",
            at=ask.at,
            actor=ask.actor,
            request_id=ask.request_id,
            detail=ask.model_dump(mode="json", include={"command_id", "command"}),
        )
        return await self.plans.take_step(ask, info, lambda facts: lifecycle.take_command(facts, ask.command, ask.at))

    @activity.defn
    async def activate(self, ask: ActivateInput) -> StepResult:
        """Start the plan whose purchase is paid."""
        info = StepInfo(key=ask.key, kind="activate", at=ask.at, detail={"invoice_id": ask.invoice_id})
        return await self.plans.take_step(ask, info, lambda facts: plan_start.activate(facts, ask.at))

    @activity.defn
    async def abandon(self, ask: AbandonInput) -> StepResult:
        """End the plan whose purchase came to nothing, and give up its invoice."""
        info = StepInfo(key=ask.key, kind="abandon", at=ask.at, detail={"invoice_id": ask.invoice_id})
        return await self.plans.take_step(ask, info, lambda facts: plan_start.abandon(facts, ask.reason, ask.at))

    @activity.defn
    async def resume(self, ask: ResumeInput) -> StepResult:
        """Resume billing after a suspension."""
        info = StepInfo(key=ask.key, kind="resume", at=ask.at)
        return await self.plans.take_step(ask, info, lambda facts: suspension.resume(facts, ask.at))

    @activity.defn
    async def plan_state(self, plan: PlanRef) -> PlanState:
        """Read the plan as the records know it."""
        return await self.plans.get(plan)

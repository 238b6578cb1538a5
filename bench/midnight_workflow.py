"""The bare workflow of `midnight.py`, in a module that can be loaded for workflows: what billflow does, and no more."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from temporalio import workflow

BARE, BARE_STRIPE = "bare", "bare-stripe"
"""Its task queues."""


@dataclass(frozen=True)
class BarePlan:
    """A plan that is due at `due_at`, in seconds since 1970, and whom it bills at Stripe."""

    org_id: str
    plan_id: str
    payer: str
    due_at: int


@workflow.defn(name="MidnightBare")
class MidnightBare:
    """Waits for the billing date, writes the step, sends the invoice, continues as new."""

    @workflow.run
    async def run(self, plan: BarePlan) -> None:
        """Live through one period."""
        remaining = datetime.fromtimestamp(plan.due_at, UTC) - workflow.now()
        if remaining > timedelta(0):
            await workflow.sleep(remaining, summary="next billing date")
        await workflow.execute_local_activity(
            "write_step", plan, summary="the step", schedule_to_close_timeout=timedelta(minutes=1)
        )
        await workflow.execute_activity(
            "send_invoice",
            plan,
            summary="the invoice",
            task_queue=BARE_STRIPE,
            start_to_close_timeout=timedelta(minutes=1),
        )
        workflow.continue_as_new(replace(plan, due_at=plan.due_at + 30 * 86_400))

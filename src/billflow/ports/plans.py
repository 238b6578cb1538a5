"""What activities need of plans as rows."""

from collections.abc import Callable
from typing import Protocol

from billflow.domain.plan_start import StartFacts
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.plans import PlanState, ReadPlan, StartPlanInput, StepResult
from billflow.models.contracts.steps import BackfillInput, KnownPlan, LateStartInput, PlanRef, StepInput

Decide = Callable[[Facts], Outcome]
"""A pure decision about a running plan."""

DecideStart = Callable[[StartFacts], Outcome]
"""A pure decision about a plan that does not exist yet."""


class DecideLate(Protocol):
    """A pure decision about a trial whose invoice was paid after its end."""

    def __call__(self, facts: Facts, plan_id: str, *, has_live_plan: bool) -> Outcome: ...


class PlanRepository(Protocol):
    """Plans and their steps; every method is one transaction and safe to repeat."""

    async def get(self, plan: PlanRef) -> PlanState:
        """Return the plan as it is now; raises `NotFound`."""

    async def read(self, known: KnownPlan) -> ReadPlan:
        """Return the plan as it is now, with what came of steps that were taken since it was known; or `NotFound`."""

    async def take_step(self, step: StepInput, decide: Decide) -> StepResult:
        """Load the plan's facts under its lock, decide, and write the outcome whole.

        The same key returns the first result. A refused command is recorded in the audit log and returned as a value;
        what stops any other step puts the plan on hold, and leaves the step untaken. Raises `NotFound` or `NoDatabase`.
        """

    async def start_plan(self, ask: StartPlanInput, decide: DecideStart) -> StepResult:
        """Write a new plan and its first invoice under the customer's lock; the same key gives the first answer.

        Raises `Refused`, `InvalidInput` or `NotFound`, and then nothing was written.
        """

    async def start_after_trial(self, step: LateStartInput, decide: DecideLate) -> StepResult | None:
        """Write the plan that starts because the invoice of an ended trial was paid late, once.

        Where the customer has another plan by then, the invoice stays paid, and the event `invoice.paid_without_plan`
        asks people to look. Returns None for an invoice that starts nothing: it bought no trial, or counted when the
        trial ended.
        """

    async def record_backfill(self, step: BackfillInput) -> None:
        """Put one event into the outbox for all invoices that were made late, once."""

"""Deciding the cutover of a plan from its workflow: Stripe is asked until the old subscription stands as wanted."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from billflow.activities.cutovers import CutoverActivities
    from billflow.domain.cutover import CutoverUndecided
    from billflow.domain.plan import CutoverStatus
    from billflow.models.contracts.cutovers import DecideCutoverInput, DecidedCutover
    from billflow.models.contracts.plans import PlanState
    from billflow.models.contracts.steps import StepFailure
    from billflow.workflows.activity_execution import at_stripe
    from billflow.workflows.failures import failed, paused

PATIENCE = timedelta(seconds=30)
"""How long one try may take: others of the plan wait for it, and people may."""

STEP = "the old subscription is decided"
UNDECIDED = "not decided yet"


class CutoverDecision:
    """When the old subscription of a plan is asked about, and what came of it; `failure` is why it is asked again."""

    def __init__(self) -> None:
        self.failure: StepFailure | None = None

    def try_now(self) -> None:
        """End the pause since the last try."""
        if self.failure is not None:
            self.failure = self.failure.model_copy(update={"retry_at": workflow.now()})

    def may_decide(self, state: PlanState) -> bool:
        """Tell whether Stripe is to be asked now."""
        return _is_open(state) and not self._pauses

    def is_needed(self, state: PlanState, at: datetime) -> bool:
        """Tell whether a billing date can't be closed before the cutover is decided, and it is time to try."""
        is_over = state.cutover_status in (None, CutoverStatus.DONE)
        return not is_over and bool(state.cutover_date and at >= state.cutover_date) and not self._pauses

    def waiting(self, state: PlanState) -> StepFailure | None:
        """Return what the plan waits for, and when Stripe is asked again; None where nothing is open."""
        return self.failure if _is_open(state) else None

    @property
    def _pauses(self) -> bool:
        return self.failure is not None and workflow.now() < self.failure.retry_at

    async def decide(self, state: PlanState, at: datetime) -> DecidedCutover | None:
        """Ask Stripe and record what it says; None where there was no answer."""
        step = DecideCutoverInput(plan=state.ref, at=at, decision_id=str(workflow.uuid4()))
        try:
            decided = await at_stripe(
                CutoverActivities.decide_cutover, step, f"old subscription: {state.cutover_status}", within=PATIENCE
            )
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            self.failure = failed(self.failure, STEP, error)
            return None
        self.failure = paused(self.failure, STEP, UNDECIDED) if _is_open(decided.result.state) else None
        return decided


def _is_open(state: PlanState) -> bool:
    """Tell whether Stripe has still to say how the old subscription stands."""
    asked = state.cutover_status is not None and state.cutover_status.is_open
    held = state.attention is not None and state.attention.code == CutoverUndecided.code
    return state.runs and (asked or held)

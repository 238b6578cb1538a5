"""Cutovers: what the workflow of a plan asks about the old subscription, and what it records of the answer."""

from pydantic import Field

from billflow.domain.old_system import OldSubscription
from billflow.models.contracts.base import Contract
from billflow.models.contracts.plans import Refusal, StepResult
from billflow.models.contracts.steps import PlanRef, StepInput


class OldSubscriptionRef(PlanRef):
    """The subscription at Stripe that billed a plan before, and whether its organization bills real money."""

    stripe_subscription_id: str
    livemode: bool | None = None


class SettleCutoverInput(StepInput):
    """Find out how the old subscription stands, bring it there, and record that; once for each `settle_id`."""

    kind = "settle_cutover"
    settle_id: str
    found: OldSubscription | None = None
    refused: Refusal | None = None

    @property
    def org_id(self) -> str:
        """Return whose plan it is."""
        return self.plan.org_id

    @property
    def key(self) -> str:
        """Return the step's key."""
        return self._key(self.settle_id)


class SettledCutover(Contract):
    """What came of it; `refused` is why the old subscription can't be told to end, which takes the cutover back."""

    result: StepResult
    refused: Refusal | None = Field(None, exclude_if=lambda refused: refused is None)

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


class CreditLeft(Contract):
    """What a customer has in credit at Stripe, in our minor units, by its newest entry there."""

    stripe_customer_id: str
    amount: int
    currency: str
    stripe_balance_transaction_id: str


class DecideCutoverInput(StepInput):
    """Find out how the old subscription stands, bring it there, and record that; once for each `decision_id`."""

    kind = "decide_cutover"
    decision_id: str
    found: OldSubscription | None = None
    refused: Refusal | None = None

    @property
    def org_id(self) -> str:
        """Return whose plan it is."""
        return self.plan.org_id

    @property
    def key(self) -> str:
        """Return the step's key."""
        return self._key(self.decision_id)


class DecidedCutover(Contract):
    """What came of it; `refused` is why the old subscription can't be told to end, which takes the cutover back."""

    result: StepResult
    refused: Refusal | None = Field(None, exclude_if=lambda refused: refused is None)

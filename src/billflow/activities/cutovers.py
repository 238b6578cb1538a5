"""Deciding a cutover: how the old subscription stands at Stripe, and what the plan's rows know of it."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.stripe_errors import stripe_errors
from billflow.domain import cutover
from billflow.domain.errors import Refused
from billflow.domain.old_system import OldSubscription
from billflow.domain.plan import CutoverStatus, Plan
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.cutovers import DecideCutoverInput, DecidedCutover, OldSubscriptionRef
from billflow.models.contracts.plans import PlanState, Refusal
from billflow.models.contracts.steps import PlanRef
from billflow.ports.cutovers import CutoverRepository, OldSubscriptions
from billflow.ports.plans import PlanRepository

_GOES_ON = (CutoverStatus.CANCELING, CutoverStatus.CANCELED)


@dataclass(frozen=True)
class CutoverActivities:
    """What a plan's workflow does about its old subscription. Any of it may happen twice, and counts once."""

    plans: PlanRepository
    cutovers: CutoverRepository
    subscriptions: OldSubscriptions

    @activity.defn
    async def decide_cutover(self, step: DecideCutoverInput) -> DecidedCutover:
        """Bring the old subscription to where the rows want it, look how it stands, and record that.

        What is wanted is read from the rows, which may be newer than what the workflow knows.
        """
        state = await self.plans.get(step.plan)
        try:
            with stripe_errors():
                found = await self._found(state, step)
        except Refused as error:
            known = step.model_copy(update={"refused": Refusal.of(error)})
        else:
            known = step.model_copy(update={"found": found})
            await self._take_credit(state, found, step)
        wanted = (state.cutover_status, state.cutover_date)
        result = await self.plans.take_step(known, lambda facts: _decided(facts, known, wanted))
        return DecidedCutover(result=result, refused=_refusal(state, result.state, known))

    async def _take_credit(self, state: PlanState, found: OldSubscription | None, step: DecideCutoverInput) -> None:
        """Take over what is left in credit at Stripe as the plan is about to be billed here, before it is."""
        if state.old_subscription is None or found is None or not _takes_over(state, found, step):
            return
        with stripe_errors():
            left = await self.subscriptions.credit_left(await _old(self.cutovers, state.ref, state.old_subscription))
        if left is not None:
            await self.cutovers.take_credit(state.ref, left, step.at)

    async def _found(self, state: PlanState, step: DecideCutoverInput) -> OldSubscription | None:
        status, date = state.cutover_status, state.cutover_date
        if state.old_subscription is None or date is None or status in (None, CutoverStatus.DONE):
            return None
        livemode = await self.cutovers.bills_real_money(state.org_id)
        old = OldSubscriptionRef(**dict(state.ref), stripe_subscription_id=state.old_subscription, livemode=livemode)
        if status in _GOES_ON:
            return await self.subscriptions.keep(old, step.decision_id)
        return await self.subscriptions.end(old, date, step.decision_id)


@dataclass(frozen=True)
class OldSubscriptionCheck:
    """Looks at Stripe, before a plan is cut over, whether its old subscription can be told to end."""

    cutovers: CutoverRepository
    subscriptions: OldSubscriptions

    async def check(self, ref: PlanRef, plan: Plan) -> None:
        """Refuse it as `OldSubscriptions.find` does, and where its periods end at other moments."""
        if plan.old_subscription is not None:
            old = await _old(self.cutovers, ref, plan.old_subscription)
            cutover.check_old(plan, await self.subscriptions.find(old))


def _takes_over(state: PlanState, found: OldSubscription, step: DecideCutoverInput) -> bool:
    """Tell whether the old subscription ends at the cutover's date, which has come: it uses up no more credit."""
    date, due = state.cutover_date, state.due_at
    has_come = date is not None and due is not None and step.at >= date and due >= date
    return has_come and found.ends_at == date and not found.changed and state.cutover_status not in _GOES_ON


async def _old(cutovers: CutoverRepository, ref: PlanRef, subscription_id: str) -> OldSubscriptionRef:
    livemode = await cutovers.bills_real_money(ref.org_id)
    return OldSubscriptionRef(**dict(ref), stripe_subscription_id=subscription_id, livemode=livemode)


def _decided(facts: Facts, known: DecideCutoverInput, wanted: tuple[object, object]) -> Outcome:
    """Record what was found, unless something else is wanted by now: then the plan's workflow asks again."""
    if (facts.plan.cutover_status, facts.plan.cutover_date) != wanted:
        return cutover.unchanged(facts, known.at)
    refused = (known.refused.code, known.refused.message) if known.refused else None
    return cutover.decide(facts, known.found, known.at, refused)


def _refusal(before: PlanState, after: PlanState, known: DecideCutoverInput) -> Refusal | None:
    """Return why a cutover that was asked for is taken back, or one that was to be taken back is not."""
    wanted, now = before.cutover_status, after.cutover_status
    if wanted is CutoverStatus.REQUESTED and now in (None, *_GOES_ON):
        return known.refused or Refusal(
            code="period_differs",
            message="The old subscription's periods don't end with those of this plan; its timeline says more.",
        )
    if wanted is CutoverStatus.CANCELING and now not in (None, *_GOES_ON):
        return Refusal(
            code="old_subscription_ends", message="The old subscription is over, or ends by somebody else's will."
        )
    return None

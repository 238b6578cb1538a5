"""What a billing date changes while the customer is suspended: no charge, but the clock runs (rules 27)."""

from billflow.domain.catalog import TrialWithoutCard
from billflow.domain.cycle import TRIAL_WITHOUT_CARD, downgrade_now, end_cycle, next_billing_cycle
from billflow.domain.ledger import Disposition
from billflow.domain.plan import PlanStatus
from billflow.domain.step import Step


def pass_by(step: Step) -> None:
    """Let the billing date go by: what was to end ends without an invoice, a trial is over, a renewal waits.

    A plan that would renew, switch or hand over waits for the customer to come back.
    """
    plan = step.plan
    cycle_is_over = plan.status.is_live and next_billing_cycle(step) <= step.at
    if not cycle_is_over or plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END:
        return
    if plan.end_date is not None and plan.end_date <= step.at:
        downgrade_now(step, "end_date")
    elif plan.status is PlanStatus.DOWNGRADE_AT_END_OF_CYCLE:
        downgrade_now(step, "downgrade")
    elif plan.status.in_trial:
        _leave_trial(step)


def _leave_trial(step: Step) -> None:
    """End the trial on its day: bought by invoice as ever, by card with the first renewal still to come."""
    billing_date = next_billing_cycle(step)
    if step.plan.status is not PlanStatus.FREE_TRIAL or step.facts.trial_invoice_paid is not None:
        end_cycle(step, billing_date)
        return
    if step.tier.trial_without_card is TrialWithoutCard.CANCEL and step.customer.card_since is None:
        downgrade_now(step, TRIAL_WITHOUT_CARD)
        return
    step.allocate(step.unallocated(), Disposition.TRIAL)
    step.change(status=PlanStatus.ACTIVE, billing_cycle_anchor=billing_date)
    step.say("plan.trial_over")

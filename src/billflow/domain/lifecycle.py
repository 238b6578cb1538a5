"""Which command a plan accepts in which status, and what it does: the table is the documentation.

The step alone asks, under the plan's lock: what a workflow knows of its plan may be older than the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billflow.domain import commands as c
from billflow.domain import cutover
from billflow.domain.billing_dates import live_up_to_command
from billflow.domain.calendar import without_microseconds
from billflow.domain.changes import add_ons, end, items, licenses, schedule, terms, tier
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.errors import IllegalTransition, PlanEnded, PlanReplaced, Refused
from billflow.domain.plan import CollectionMethod, Plan, PlanStatus
from billflow.domain.step import Facts, Outcome, Step


@dataclass(frozen=True, slots=True)
class Row:
    """One command: the statuses that accept it, what else must hold, and what it does to a step.

    A command that `charges` is refused while the customer is suspended.
    """

    statuses: frozenset[PlanStatus]
    effect: Callable[[Step, Any], None]
    check: Callable[[Plan, Any], None] | None = None
    charges: bool = False


def _refuse_fixed_price(plan: Plan, _command: c.PlanCommand) -> None:
    if plan.fixed_price is not None:
        message = "The plan has a fixed price, which this would change; let support make an offer instead."
        raise Refused(message, code="fixed_price_plan")


def _check_switch(plan: Plan, command: c.SwitchToAnnual | c.SwitchToMonthly) -> None:
    _refuse_fixed_price(plan, command)
    wanted = schedule.wanted_schedule(command)
    if plan.schedule is wanted:
        raise Refused(f"The plan is {wanted} already.", code="no_change", field="schedule")
    if plan.status.in_trial:
        _check_card_trial(plan, command)


def _check_card_trial(plan: Plan, _command: c.PlanCommand) -> None:
    if plan.collection_method is not CollectionMethod.CHARGE_AUTOMATICALLY:
        message = "A trial bought by invoice can't be changed this way; wait until it is over, or end it now."
        raise Refused(message, code="trial_bought_by_invoice")


def _refuse_scheduled(plan: Plan, _command: c.EndNow) -> None:
    if plan.status is PlanStatus.NEVER_STARTED and plan.predecessor_id is not None:
        raise Refused(
            "The plan is scheduled to follow another one; cancel the scheduled change of that plan.",
            code="scheduled_plan",
        )


_S = PlanStatus
_LIVE = frozenset(status for status in PlanStatus if status.is_live)
_PAID = frozenset(status for status in _LIVE if not status.in_trial)
_CHANGING = frozenset(
    {
        _S.DOWNGRADE_AT_END_OF_CYCLE,
        _S.DOWNGRADE_AT_END_OF_FREE_TRIAL,
        _S.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE,
        _S.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE,
        _S.SWITCH_PLAN_TIER_AT_PLAN_END,
    }
)
_SWITCHABLE = frozenset(
    {_S.ACTIVE, _S.FREE_TRIAL, _S.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE, _S.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE}
)

ROWS: dict[type[Any], Row] = {
    c.SetLicenses: Row(_LIVE, licenses.set_licenses, _refuse_fixed_price, charges=True),
    c.SetLicensesAtRenewal: Row(_LIVE, licenses.set_licenses_at_renewal, _refuse_fixed_price),
    c.SetLicenseManagement: Row(_LIVE, licenses.set_license_management),
    c.SwitchToAnnual: Row(_SWITCHABLE, schedule.switch_schedule, _check_switch),
    c.SwitchToMonthly: Row(_SWITCHABLE, schedule.switch_schedule, _check_switch),
    c.DowngradeAtEndOfCycle: Row(
        _PAID - {_S.SWITCH_PLAN_TIER_AT_PLAN_END, _S.DOWNGRADE_AT_END_OF_CYCLE}, end.downgrade_at_end_of_cycle
    ),
    c.DowngradeAtEndOfFreeTrial: Row(frozenset({_S.FREE_TRIAL}), end.downgrade_at_end_of_free_trial, _check_card_trial),
    c.CancelScheduledChange: Row(_CHANGING, end.cancel_scheduled_change),
    c.EndNow: Row(_LIVE | {_S.NEVER_STARTED}, end.end_now, _refuse_scheduled),
    c.UpgradeTierNow: Row(frozenset({_S.ACTIVE}), tier.upgrade_tier_now, _refuse_fixed_price, charges=True),
    c.ScheduleTierAtPlanEnd: Row(frozenset({_S.ACTIVE}), tier.schedule_tier_at_plan_end),
    c.SetEndDate: Row(frozenset({_S.ACTIVE}), end.set_end_date),
    c.RemoveEndDate: Row(frozenset({_S.ACTIVE}), end.remove_end_date),
    c.ExtendTrial: Row(
        frozenset({_S.FREE_TRIAL, _S.DOWNGRADE_AT_END_OF_FREE_TRIAL}), end.extend_trial, _check_card_trial
    ),
    c.SetCollectionMethod: Row(_PAID, terms.set_collection_method),
    c.ApplyDiscount: Row(_LIVE, terms.apply_discount, _refuse_fixed_price),
    c.Retry: Row(_LIVE | {_S.NEVER_STARTED}, end.retry),
    c.AddItem: Row(_LIVE, items.add_item, charges=True),
    c.WithdrawItem: Row(_LIVE, items.withdraw_item),
    c.SetAddOn: Row(_LIVE, add_ons.set_add_on, charges=True),
    BeginCutover: Row(_LIVE, cutover.begin, charges=True),
    CancelCutover: Row(_LIVE, cutover.cancel),
}


def _check(plan: Plan, command: c.PlanCommand) -> None:
    if plan.status is PlanStatus.ENDED:
        raise PlanEnded
    row = ROWS[type(command)]
    if plan.status not in row.statuses:
        raise IllegalTransition(command.type, plan.status)
    if row.check:
        row.check(plan, command)


def take_command(facts: Facts, command: c.PlanCommand, at: datetime) -> Outcome:
    """Return what *command* does to the plan at *at*, after the plan has lived up to that moment (rules 19).

    Whoever calls has processed every billing date that is due; one still open is one the plan is on hold at, and the
    command then counts from just before it. Raises `Refused` or `InvalidInput`.
    """
    step = Step.begin(facts, without_microseconds(at))
    live_up_to_command(step)
    obey(step, command)
    return step.finish()


def obey(step: Step, command: c.PlanCommand) -> None:
    """Take *command* within a step whose plan has lived up to the step's moment; raises `Refused`."""
    if step.successor:
        raise PlanReplaced
    _check(step.plan, command)
    if step.suspended and ROWS[type(command)].charges:
        message = "The customer is suspended, and nothing is charged meanwhile; activate it first."
        raise Refused(message, code="customer_suspended")
    ROWS[type(command)].effect(step, command)

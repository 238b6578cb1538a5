"""Cutover: from which moment billflow bills a plan of a parallel run, and never beside the old system (rules 42)."""

from datetime import datetime

from billflow.domain.calendar import MICROSECOND, first_step_after, without_microseconds
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.cycle import next_billing_cycle
from billflow.domain.errors import NeedsAttention, Refused
from billflow.domain.old_system import OldSubscription, ParallelRunStanding
from billflow.domain.plan import CutoverStatus, Plan, PlanStatus
from billflow.domain.step import Facts, Outcome, Step

_ENDING = (CutoverStatus.REQUESTED, CutoverStatus.CONFIRMED)
_CHANGING = (
    PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE,
    PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE,
    PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END,
)
_LEAVING = (PlanStatus.DOWNGRADE_AT_END_OF_CYCLE, PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL)


class CutoverUndecided(NeedsAttention):
    """A plan has come to the date of its cutover, and it is not known how the old subscription stands.

    Nothing where Stripe was away or has not closed the period yet: it is asked again by itself. Where the message
    repeats what Stripe says, do that, or cut the plan over with `old_system_ends`.
    """

    code = "cutover_undecided"


def begin(step: Step, command: BeginCutover) -> None:
    """Ask for the cutover at the first end of a period that is not before what is asked; raises `Refused`."""
    _check_runs_in_parallel(step.plan)
    standing = step.facts.parallel_run or ParallelRunStanding(compared=0, matches=False)
    _check_compared(standing, include_different=command.include_different)
    date = _date_of(step, command.not_before)
    if step.plan.cutover_status is CutoverStatus.CONFIRMED and step.plan.cutover_date == date:
        raise Refused(f"The plan is to be cut over on {date:%Y-%m-%d} already.", code="no_change")
    subscription = None if command.old_system_ends else standing.old_subscription
    if subscription is None and not command.old_system_ends:
        raise Refused(
            "The plan has no subscription at Stripe that could be ended; end it in the old system, and say so by "
            "old_system_ends.",
            code="old_system_not_at_stripe",
            field="old_system_ends",
        )
    status = CutoverStatus.REQUESTED if subscription else CutoverStatus.CONFIRMED
    step.change(cutover_at=date, cutover_date=date, cutover_status=status, old_subscription=subscription)
    if subscription is None:
        step.say("plan.cutover_scheduled", cutover_at=date)


def cancel(step: Step, _command: CancelCutover) -> None:
    """Ask for the old system to go on, which it can until the cutover's date; raises `Refused`."""
    plan, date = step.plan, step.plan.cutover_date
    if plan.cutover_status in (None, CutoverStatus.CANCELED) or date is None:
        raise Refused("No cutover of this plan is under way; there is nothing to cancel.", code="no_cutover")
    if plan.cutover_status is CutoverStatus.DONE or step.at + MICROSECOND >= date:
        raise Refused(
            f"The cutover was on {date:%Y-%m-%d}; billflow bills the plan since, and that can't be canceled.",
            code="cutover_over",
        )
    if plan.old_subscription is None:
        _go_on_in_parallel(step, date)
        return
    step.change(cutover_status=CutoverStatus.CANCELING)


def decide(
    facts: Facts, found: OldSubscription | None, at: datetime, refused: tuple[str, str] | None = None
) -> Outcome:
    """Return what is known of a cutover once the old subscription was *found* like this; None without one at Stripe.

    *refused* is why it can't be told to end: a code and a sentence, which take back a cutover that was just asked for.

    Before its date it is enough that the old one is to end, or to go on. From then on the plan waits until it has done
    so, or was known in time to do so: raises `CutoverUndecided` while that is open, and nothing has changed.
    """
    step = Step.begin(facts, at)
    plan, date = step.plan, step.plan.cutover_date
    if date is None or plan.cutover_status in (None, CutoverStatus.DONE):
        return step.finish()
    if refused:
        if plan.cutover_status is not CutoverStatus.REQUESTED:
            raise CutoverUndecided(refused[1])
        _refuse(step, refused)
    elif plan.cutover_status in _ENDING:
        _decide_end(step, found, date)
    else:
        _decide_going_on(step, found, date)
    if step.plan is facts.plan:
        check_decided(step.plan, at)
    return step.finish()


def check_old(plan: Plan, found: OldSubscription) -> None:
    """Refuse the cutover of a plan, as it is asked for, whose old subscription does not end where its periods do.

    Raises `Refused`.
    """
    until = found.billed_until
    if found.ended:
        message = f"The old subscription ended on {until:%Y-%m-%d}; bill what follows by hand."
        raise Refused(message, code="old_subscription_over")
    grid = plan.next_invoice_date if plan.status.in_trial else None
    ends = grid or first_step_after(plan.billing_cycle_anchor, plan.schedule.months, until - MICROSECOND)
    if ends != until:
        message = f"The old subscription's period ends on {until:%Y-%m-%d %H:%M} UTC, and no period here does."
        raise Refused(f"{message} Correct one of the two.", code="period_differs")


def unchanged(facts: Facts, at: datetime) -> Outcome:
    """Return a step in which nothing happens to the plan."""
    return Step.begin(facts, at).finish()


def waits_for_cutover(plan: Plan, at: datetime) -> bool:
    """Tell whether nothing may be billed as of *at* until the cutover is decided."""
    open_date = None if plan.cutover_status is CutoverStatus.DONE else plan.cutover_date
    return open_date is not None and at >= open_date


def check_decided(plan: Plan, at: datetime) -> None:
    """Hold a plan at the date of its cutover until it is known how the old system stands (rules 42.2)."""
    if waits_for_cutover(plan, at):
        raise CutoverUndecided(
            "It is not known yet whether the old system bills the period that begins now; Stripe is asked again."
        )


def _check_runs_in_parallel(plan: Plan) -> None:
    if plan.parallel_run_since is None:
        raise Refused("The plan is in no parallel run; billflow bills it already.", code="no_parallel_run")
    if plan.cutover_status is CutoverStatus.DONE:
        raise Refused(
            f"The plan was cut over on {plan.cutover_at:%Y-%m-%d}; billflow bills it since.", code="cutover_over"
        )
    if plan.status in _LEAVING:
        raise Refused(
            "The plan ends with its period, in the old system as here; there is nothing to cut over.", code="plan_ends"
        )


def _check_compared(standing: ParallelRunStanding, *, include_different: bool) -> None:
    if include_different or standing.matches:
        return
    if standing.compared:
        raise Refused(
            "The invoices that were compared last differ; look at the differences of its parallel run, or include the "
            "plan by include_different.",
            code="invoices_differ",
            field="include_different",
        )
    raise Refused(
        "No invoice of the old system was compared yet; wait for its next one, or include the plan by "
        "include_different.",
        code="nothing_compared",
        field="include_different",
    )


def _date_of(step: Step, not_before: datetime | None) -> datetime:
    """Return the first end of a period from *not_before* on; raises `Refused` where the plan is another one then."""
    plan, ends = step.plan, next_billing_cycle(step)
    earliest = without_microseconds(not_before) if not_before else ends
    leap, months = step.facts.settings.leap_february, plan.schedule.months
    anchor = ends if plan.status.in_trial else plan.billing_cycle_anchor
    date = ends
    if earliest > ends:
        date = first_step_after(anchor, months, earliest - MICROSECOND, leap_february=leap)
    if date != first_step_after(anchor, months, date - MICROSECOND):
        raise Refused(
            f"Stripe ends a period on another day than {date:%Y-%m-%d} here; name a later moment.",
            code="period_differs",
            field="not_before",
        )
    if date > ends and plan.status in _CHANGING:
        raise Refused(
            f"The plan changes on {ends:%Y-%m-%d}; cut it over then, or once it has changed.",
            code="cutover_after_change",
            field="not_before",
        )
    if plan.end_date is not None and plan.end_date <= date:
        raise Refused(f"The plan ends on {plan.end_date:%Y-%m-%d}; there is nothing to cut over.", code="plan_ends")
    return date


def _decide_end(step: Step, found: OldSubscription | None, date: datetime) -> None:
    known = step.plan.cutover_status
    if found is not None and found.ends_at is None:
        return
    if found is not None and found.ends_at != date:
        _move(step, found.billed_until)
        return
    is_sure = found is None or found.ended or (known is CutoverStatus.CONFIRMED and not found.changed)
    if step.at >= date and not is_sure:
        step.change(cutover_status=CutoverStatus.REQUESTED)
    elif _has_reached(step, date):
        step.change(cutover_status=CutoverStatus.DONE)
        step.say("plan.cut_over", cutover_at=date)
    elif known is not CutoverStatus.CONFIRMED:
        step.change(cutover_status=CutoverStatus.CONFIRMED)
        step.say("plan.cutover_scheduled", cutover_at=date)


def _decide_going_on(step: Step, found: OldSubscription | None, date: datetime) -> None:
    known = step.plan.cutover_status
    if found is not None and found.ends_at is not None:
        step.change(cutover_status=CutoverStatus.REQUESTED, cutover_at=date)
        _decide_end(step, found, date)
        return
    renewed = found is None or found.billed_until > date
    is_sure = renewed or (known is CutoverStatus.CANCELED and found is not None and not found.changed)
    if step.at >= date and not is_sure:
        step.change(cutover_status=CutoverStatus.CANCELING)
        return
    if known is CutoverStatus.CANCELING:
        step.say("plan.cutover_canceled", cutover_at=date)
    if step.at >= date:
        _clear(step)
    else:
        step.change(cutover_status=CutoverStatus.CANCELED, cutover_at=None)


def _has_reached(step: Step, date: datetime) -> bool:
    """Tell whether the plan's next billing date is the cutover's date, and has come."""
    due = step.plan.due_at
    return due is not None and due >= date and step.at >= date


def _move(step: Step, ends: datetime) -> None:
    """Move the cutover's date to where the old system ends: it renewed in between, or somebody gave it another end."""
    due, told = step.plan.due_at, f"{ends:%Y-%m-%d %H:%M} UTC"
    if due is None or due > ends:
        _refuse(step, ("old_subscription_over", f"The old subscription ended on {told}; bill what follows by hand."))
        return
    if not _ends_a_period(step, ends):
        message = f"The old subscription's period ends on {told}, and no period here does; correct one of the two."
        step.say("plan.cutover_refused", code="period_differs", message=message)
        step.change(cutover_status=CutoverStatus.CANCELING)
        return
    status = CutoverStatus.REQUESTED if step.at >= ends else CutoverStatus.CONFIRMED
    step.change(cutover_status=status, cutover_date=ends, cutover_at=ends)
    step.say("plan.cutover_scheduled", cutover_at=ends)


def _ends_a_period(step: Step, moment: datetime) -> bool:
    plan, leap = step.plan, step.facts.settings.leap_february
    if plan.status.in_trial:
        return moment == plan.next_invoice_date
    before = moment - MICROSECOND
    return first_step_after(plan.billing_cycle_anchor, plan.schedule.months, before, leap_february=leap) == moment


def _refuse(step: Step, why: tuple[str, str]) -> None:
    _clear(step)
    step.say("plan.cutover_refused", code=why[0], message=why[1])


def _go_on_in_parallel(step: Step, date: datetime) -> None:
    _clear(step)
    step.say("plan.cutover_canceled", cutover_at=date)


def _clear(step: Step) -> None:
    step.change(cutover_status=None, cutover_date=None, cutover_at=None, old_subscription=None)

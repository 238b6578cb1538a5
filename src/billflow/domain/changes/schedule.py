"""Commands that move a plan between monthly and annual (rules 10 and 11)."""

from dataclasses import replace

from billflow.domain.commands import SwitchToAnnual, SwitchToMonthly
from billflow.domain.cycle import repriced, successor_of
from billflow.domain.ledger import Disposition, LicenseCount
from billflow.domain.plan import InvoicingStatus, PlanStatus, Schedule
from billflow.domain.step import Step

_SCHEDULED = {
    Schedule.ANNUAL: PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE,
    Schedule.MONTHLY: PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE,
}


def wanted_schedule(command: SwitchToAnnual | SwitchToMonthly) -> Schedule:
    """Return the schedule the command leads to."""
    return Schedule.ANNUAL if isinstance(command, SwitchToAnnual) else Schedule.MONTHLY


def switch_schedule(step: Step, command: SwitchToAnnual | SwitchToMonthly) -> None:
    """Schedule the switch for the end of the cycle; within a trial it happens at once."""
    if step.plan.status.in_trial:
        switch_trial(step)
        return
    step.check_cycle_ends()
    step.change(status=_SCHEDULED[wanted_schedule(command)])
    step.say("plan.switch_scheduled", schedule=wanted_schedule(command))


def switch_trial(step: Step) -> None:
    """Replace a trial by one of the other schedule: same anchor, same end, that schedule's price (rules 10)."""
    old, licenses = step.plan, step.last.licenses_at_next_renewal
    trial = replace(
        repriced(step, successor_of(old, old.billing_cycle_anchor, old.schedule.other)),
        status=old.status,
        next_invoice_date=old.next_invoice_date,
        invoicing_status=InvoicingStatus.DONE,
    )
    step.allocate(step.unallocated(), Disposition.TRIAL)
    step.change(next_invoice_date=None)
    step.end("switched_schedule")
    step.succeed(trial).append(old.billing_cycle_anchor, LicenseCount(licenses, licenses), renewal=True)

"""Commands that move a plan to annual or monthly (rules 10 and 11)."""

from dataclasses import replace

from billflow.domain.changes.add_ons import check_add_ons
from billflow.domain.commands import SwitchToAnnual, SwitchToMonthly
from billflow.domain.cycle import SWITCHES, check_cycle_ends, repriced, successor_of
from billflow.domain.invoicing.items import withdraw
from billflow.domain.ledger import Disposition, LicenseCount
from billflow.domain.plan import InvoicingStatus, Schedule
from billflow.domain.step import Step

_SCHEDULED = {schedule: status for status, schedule in SWITCHES.items()}


def wanted_schedule(command: SwitchToAnnual | SwitchToMonthly) -> Schedule:
    """Return the schedule the command leads to."""
    return Schedule.ANNUAL if isinstance(command, SwitchToAnnual) else Schedule.MONTHLY


def switch_schedule(step: Step, command: SwitchToAnnual | SwitchToMonthly) -> None:
    """Schedule the switch for the end of the cycle; within a trial it happens at once.

    Raises `InvalidInput` where the tier has no price for that schedule.
    """
    wanted = wanted_schedule(command)
    check_add_ons(step, schedule=wanted)
    if step.plan.status.in_trial:
        _switch_trial(step, wanted)
        return
    check_cycle_ends(step)
    step.tier.price(wanted, step.plan.currency)
    step.change(status=_SCHEDULED[wanted])
    step.say("plan.switch_scheduled", schedule=wanted)


def _switch_trial(step: Step, wanted: Schedule) -> None:
    """Replace a trial by one of the other schedule: same anchor, same end, that schedule's price (rules 10)."""
    old, licenses = step.plan, step.last.licenses_at_next_renewal
    trial = replace(
        repriced(step, successor_of(old, old.billing_cycle_anchor, wanted)),
        status=old.status,
        next_invoice_date=old.next_invoice_date,
        invoicing_status=InvoicingStatus.DONE,
    )
    step.allocate(step.unallocated(), Disposition.TRIAL)
    step.change(next_invoice_date=None)
    step.end("switched_schedule")
    follower, pending = step.succeed(trial), step.items.pending
    follower.append(old.billing_cycle_anchor, LicenseCount(licenses, licenses), renewal=True)
    for item in pending:
        follower.items.put(item)
    withdraw(step, pending)

"""Commands that change how many licenses a plan holds, or who counts them (rules 6, 10 and 19)."""

from dataclasses import replace

from billflow.domain.commands import SetLicenseManagement, SetLicenses, SetLicensesAtRenewal
from billflow.domain.errors import Refused
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.invoicing.purchase import trial_invoice
from billflow.domain.ledger import LicenseCount, current_set, last_renewal_at, next_renewal_set
from billflow.domain.seat_observations import sync
from billflow.domain.step import Step


def set_licenses(step: Step, command: SetLicenses) -> None:
    """Raise the running cycle's licenses; the difference is billed at the next invoice date."""
    count = current_set(step.plan, step.last, command.licenses, step.license_check(step.tier))
    step.append(step.at, count)
    step.renew_without_switch(count.licenses)
    step.say("plan.licenses_changed", licenses=count.licenses)


def set_licenses_at_renewal(step: Step, command: SetLicensesAtRenewal) -> None:
    """Set the next cycle's licenses; a trial bought by invoice has its rules (rules 10)."""
    count = next_renewal_set(step.plan, step.last, command.licenses, step.license_check(step.tier_at_renewal))
    if step.plan.status.in_trial and step.facts.trial_invoice_paid is not None:
        _change_bought_trial(step, count)
    else:
        step.append(step.at, count)
        step.renew_without_switch(count.licenses_at_next_renewal)
    step.say("plan.licenses_at_renewal_changed", licenses=count.licenses_at_next_renewal)


def _change_bought_trial(step: Step, count: LicenseCount) -> None:
    wanted = count.licenses_at_next_renewal
    bought = (last_renewal_at(step.ledger, step.at) or step.last).licenses
    if not step.facts.trial_invoice_paid:
        step.append(step.at, LicenseCount(wanted, wanted), renewal=True)
        step.void_trial_invoice = True
        step.invoices.append(_replaced_invoice(step, wanted))
    elif wanted < bought:
        raise Refused(f"{bought} licenses are paid for already; ask for at least as many.", code="already_paid")
    else:
        step.append(step.at, count)


def _replaced_invoice(step: Step, licenses: int) -> InvoiceDraft:
    """Draft the trial's invoice anew, with the discount of the old one.

    Its months count twice here, because voiding the old invoice gives them back (rules 14). What the old one used of a
    coupon goes over to the new one.
    """
    before, months = step.customer, step.facts.trial_discounted_months
    step.customer = replace(before.with_months_spent(-months), coupon=step.facts.trial_coupon)
    draft = trial_invoice(step, licenses)
    step.customer = before.with_months_spent(draft.flat_discount_months)
    return draft


def set_license_management(step: Step, command: SetLicenseManagement) -> None:
    """Change who counts; when licenses begin to follow the seats, they do so at once."""
    if command.license_management is step.plan.license_management:
        raise Refused(f"License management is {command.license_management} already.", code="no_change")
    step.change(license_management=command.license_management)
    if step.plan.is_automatic and step.seen and not step.suspended:
        sync(step, step.at)
    step.say("plan.license_management_changed", license_management=command.license_management)

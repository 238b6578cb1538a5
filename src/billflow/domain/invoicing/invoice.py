"""Making the invoice of a step: every unsettled entry up to its moment, once."""

from collections.abc import Sequence
from dataclasses import replace

from billflow.domain.errors import NeedsAttention
from billflow.domain.invoicing.add_ons import add_on_lines
from billflow.domain.invoicing.charges import Charge, charges
from billflow.domain.invoicing.draft import (
    InvoiceDraft,
    InvoiceKind,
    Line,
    chargeable,
    payment_terms,
    statement_descriptor,
)
from billflow.domain.invoicing.end_dates import credit_to_balance, end_date_changes
from billflow.domain.invoicing.items import item_lines
from billflow.domain.invoicing.parts import draft_in_parts
from billflow.domain.invoicing.rules import RULES, discounted
from billflow.domain.invoicing.tax import treatment_of, with_tax
from billflow.domain.ledger import Disposition, LedgerEntry
from billflow.domain.step import Step
from billflow.domain.tax.policy import Treatment


def bill(step: Step, *, with_items: bool = True) -> None:
    """Settle every open entry of the step and draft one invoice for what they add up to, if anything (rules 8.2).

    Pending one-off items are on it, unless they are to wait. Nothing is settled or billed while the plan is in its
    trial. In a parallel run, entries that another system bills are on a draft of their own, before ours (rules 41.1).
    Raises `NeedsAttention` where the cutover lies within a cycle.
    """
    if step.plan.status.in_trial:
        return
    open_entries = step.unallocated()
    theirs = [entry for entry in open_entries if step.plan.in_parallel_run(entry.event_time)]
    ours = [entry for entry in open_entries if not step.plan.in_parallel_run(entry.event_time)]
    _check_cutover(step, theirs)
    step.allocate(theirs, Disposition.IMPORTED)
    step.allocate(ours, Disposition.NOTHING_TO_BILL)
    if not step.tier.billable:
        return
    if theirs and (lines := _lines(step, theirs)):
        step.invoices.append(replace(recurring_invoice(step, lines), parallel_run=True))
    lines = [*_lines(step, ours), *end_date_changes(step), *(item_lines(step) if with_items else [])]
    step.allocated.update(dict.fromkeys([seq for line in lines for seq in line.entries], Disposition.BILLED))
    if lines:
        draft = recurring_invoice(step, lines)
        step.invoices += draft_in_parts(draft, _treatment(step)) if step.in_parts else [chargeable(draft)]


def _check_cutover(step: Step, theirs: Sequence[LedgerEntry]) -> None:
    """Hold a plan back whose other system would stop within a cycle: what is left of that nobody would bill."""
    cutover = step.plan.cutover_at
    if cutover and any(entry.is_renewal and step.renewal_or_end(entry.event_time) > cutover for entry in theirs):
        message = "The cutover lies within the plan's next cycle; move it to the end of that, or take it back."
        raise NeedsAttention(message, code="cutover_within_cycle")


def _lines(step: Step, entries: Sequence[LedgerEntry]) -> list[Line]:
    bundle = step.facts.settings.bundle_additions_by_date
    licenses, add_ons = (
        [one for one in entries if (one.add_on is not None) is of_add_on] for of_add_on in (False, True)
    )
    lines = [line for charge in charges(step.ledger, licenses, bundle=bundle) if (line := line_for(step, charge))]
    return [*lines, *add_on_lines(step, add_ons)]


def line_for(step: Step, charge: Charge) -> Line | None:
    """Ask the line rules in order for the line of *charge*; only an addition to a fixed price has none."""
    for rule in RULES:
        if line := rule(step, charge):
            return line
    return None


def recurring_invoice(step: Step, lines: list[Line]) -> InvoiceDraft:
    """Draft the invoice over *lines* at the step's moment, with what is taken off them and the tax on the rest.

    See rules 8.9, 14, 34 and 37. What Stripe is to tax stays below 0 where it gives back more than it charges, until
    Stripe has put that onto the balance with its tax. Raises `Refused` where it can't be told which tax applies.
    """
    lines, coupon_use, months = discounted(step, lines)
    treatment = _treatment(step)
    lines = with_tax(lines, treatment, step.plan.currency)
    if not treatment.by_stripe and (owed := credit_to_balance(lines)):
        lines = [*lines, owed]
        step.credit += owed.amount
    return InvoiceDraft(
        kind=InvoiceKind.RECURRING,
        at=step.at,
        currency=step.plan.currency,
        lines=tuple(lines),
        terms=payment_terms(step.plan.collection_method, purchase=False, settings=step.facts.settings),
        statement_descriptor=statement_descriptor(step.tier.name),
        flat_discount_months=months,
        coupon_use=coupon_use,
        automatic_tax=treatment.by_stripe,
    )


def _treatment(step: Step) -> Treatment:
    return treatment_of(step.facts.settings, step.customer, step.at)

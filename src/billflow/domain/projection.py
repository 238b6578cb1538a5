"""From the facts before a step to the facts after it: what the records would load next, without the records."""

from dataclasses import replace

from billflow.domain.additions import BilledAddition, ChargedLine
from billflow.domain.coupons import AttachedCoupon
from billflow.domain.invoicing.draft import NO_CYCLE, InvoiceDraft, InvoiceKind
from billflow.domain.invoicing.end_dates import additions_after
from billflow.domain.invoicing.tax import gross
from billflow.domain.items import Item, ItemStatus
from billflow.domain.ledger import LedgerEntry
from billflow.domain.plan import Plan, PlanStatus
from billflow.domain.step import Facts, Outcome


def after(facts: Facts, outcome: Outcome, *, paid: bool = True) -> Facts:
    """Return the facts once *outcome* is written; where a successor took over, the facts of that plan.

    *paid* says whether the lines of the step's invoices count as paid. The ledger is kept whole.
    """
    if outcome.successor:
        handed_over = replace(
            facts, ledger=(), next_plan=None, charged=(), additions=(), trial_invoice_paid=None, items=(), add_ons=()
        )
        return after(handed_over, outcome.successor, paid=paid)
    entries = _ledger(facts, outcome)
    credited = facts.trial_discounted_months if outcome.void_trial_invoice else 0
    return replace(
        facts,
        plan=outcome.plan,
        customer=outcome.customer.with_months_spent(-credited),
        ledger=tuple(entry for entry in entries if entry.add_on is None),
        add_ons=tuple(entry for entry in entries if entry.add_on is not None),
        observations=tuple(o for o in facts.observations if o.observed_at > outcome.plan.seats_observed_through),
        last_observation=outcome.last_observation,
        next_plan=_scheduled(facts, outcome),
        charged=_charged(facts, outcome, paid=paid),
        additions=_additions(facts, outcome),
        paid_licenses=_paid_licenses(facts, outcome),
        trial_invoice_paid=_trial_invoice_paid(facts, outcome),
        trial_discounted_months=_trial_discounted_months(facts, outcome),
        trial_coupon=_trial_coupon(facts, outcome),
        former_catalog=None,
        items=_items(facts, outcome),
    )


def _items(facts: Facts, outcome: Outcome) -> tuple[Item, ...]:
    known = {item.seq: item for item in (*facts.items, *outcome.items)}
    newest = max(known, default=0)
    return tuple(item for item in known.values() if item.status is ItemStatus.PENDING or item.seq == newest)


def _ledger(facts: Facts, outcome: Outcome) -> tuple[LedgerEntry, ...]:
    entries = (*facts.ledger, *facts.add_ons, *outcome.entries)
    if not outcome.allocated:
        return entries
    return tuple(replace(entry, allocated=True) if entry.seq in outcome.allocated else entry for entry in entries)


def _scheduled(facts: Facts, outcome: Outcome) -> Plan | None:
    follower = outcome.scheduled or facts.next_plan
    return follower if follower and follower.status is not PlanStatus.ENDED else None


def _charged(facts: Facts, outcome: Outcome, *, paid: bool) -> tuple[ChargedLine, ...]:
    running = [line for line in facts.charged if line.period.end > outcome.at]
    charged = [
        ChargedLine(gross(line, inclusive=invoice.tax_inclusive), line.derivation.period, paid)
        for invoice in outcome.invoices
        if not invoice.parallel_run
        for line in invoice.lines
        if line.kind not in NO_CYCLE and line.derivation.period.end > outcome.at
    ]
    return (*running, *charged)


def _additions(facts: Facts, outcome: Outcome) -> tuple[BilledAddition, ...]:
    lines = [line for invoice in outcome.invoices if not invoice.parallel_run for line in invoice.lines]
    billed = additions_after(facts.additions, lines)
    return tuple(addition for addition in billed if addition.cycle.end > outcome.at)


def _paid_licenses(facts: Facts, outcome: Outcome) -> int:
    kinds = (InvoiceKind.PURCHASE, InvoiceKind.TRIAL_PURCHASE)
    purchase = next((invoice for invoice in outcome.invoices if invoice.kind in kinds), None)
    return purchase.licenses or 0 if purchase else facts.paid_licenses


def _trial_invoice_paid(facts: Facts, outcome: Outcome) -> bool | None:
    if not outcome.plan.status.in_trial:
        return None
    return False if _trial_purchase(outcome) else facts.trial_invoice_paid


def _trial_discounted_months(facts: Facts, outcome: Outcome) -> int:
    purchase = _trial_purchase(outcome)
    return purchase.flat_discount_months if purchase else facts.trial_discounted_months


def _trial_coupon(facts: Facts, outcome: Outcome) -> AttachedCoupon | None:
    purchase = _trial_purchase(outcome)
    if purchase is None or outcome.void_trial_invoice:
        return facts.trial_coupon
    return facts.customer.coupon if purchase.coupon_use else None


def _trial_purchase(outcome: Outcome) -> InvoiceDraft | None:
    return next((invoice for invoice in outcome.invoices if invoice.kind is InvoiceKind.TRIAL_PURCHASE), None)

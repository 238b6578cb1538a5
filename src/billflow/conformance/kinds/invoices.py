"""Cases about whole invoices: the one that buys a plan, and the ones its ledger adds up to."""

from dataclasses import replace
from datetime import timedelta

from billflow.conformance.facts import PlanDefaults, facts_of, plan_of
from billflow.conformance.given import Answer, Given
from billflow.conformance.reference import SETTINGS
from billflow.conformance.results import invoice_answer, invoiced_through, lines_answer, time_text
from billflow.domain.billing_dates import bill_and_advance
from billflow.domain.catalog import checked_schedule
from billflow.domain.invoicing.purchase import purchase_invoice, trial_invoice
from billflow.domain.plan import PlanStatus
from billflow.domain.step import Step


def invoice_lines(given: Given) -> Answer:
    """Answer the lines of an invoice, its total, and how it is collected."""
    events = {"initial_upgrade": _initial_upgrade, "cycle_invoice": _cycle_invoice}
    return given.choice("event", events)(given)


def _initial_upgrade(given: Given) -> Answer:
    now, trial_days = given.moment("now"), given.maybe_whole("free_trial_days")
    status = PlanStatus.FREE_TRIAL if trial_days else PlanStatus.NEVER_STARTED
    given.flag("charge_automatically")
    defaults = PlanDefaults(
        tier=given.text("tier"), schedule=checked_schedule(given.text("schedule")), status=status, anchor=now
    )
    plan = plan_of(given, defaults)
    plan = replace(plan, next_invoice_date=now + timedelta(days=trial_days) if trial_days else None)
    step = Step.begin(facts_of(given, given, plan, now), now)
    draft = trial_invoice if trial_days else purchase_invoice
    step.invoices.append(draft(step, given.whole("licenses")))
    return _answer(step)


def _cycle_invoice(given: Given) -> Answer:
    at, words = given.moment("invoice_time"), given.part("plan")
    given.items("ledger")
    facts = facts_of(given, words, plan_of(words), at)
    bundle = given.flag("bundle_additional_by_utc_date", default=True)
    step = Step.begin(replace(facts, settings=replace(SETTINGS, bundle_additions_by_date=bundle)), at)
    bill_and_advance(step)
    return {
        **_answer(step),
        "invoiced_through": invoiced_through(step),
        "next_invoice_date": time_text(step.plan.next_invoice_date),
    }


def _answer(step: Step) -> Answer:
    invoice = step.invoices[0] if step.invoices else None
    return {
        "lines": lines_answer(step.invoices),
        "total": invoice.total if invoice else 0,
        "invoice": invoice_answer(invoice),
        "flat_discounted_months_left": step.customer.flat_discounted_months,
    }

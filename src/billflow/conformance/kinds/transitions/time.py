"""Operations in which time passes: the end of a cycle, one invoice pass, and backfilling on several."""

from dataclasses import replace
from datetime import datetime

from billflow.conformance.facts import PlanDefaults, facts_of, first_entry, plan_of
from billflow.conformance.given import Answer, Given, Json, MalformedCase
from billflow.conformance.results import entries_answer, full_invoice, lines_answer, plan_answer, step_answer, time_text
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.cycle import end_cycle, next_billing_cycle
from billflow.domain.errors import BillingError
from billflow.domain.plan import Plan, PlanStatus
from billflow.domain.preview import invoices_of
from billflow.domain.projection import after
from billflow.domain.step import Facts, Outcome, Step

MAX_PASSES = 1200
"""How many passes a case may ask for: a hundred years of months."""


def end_of_cycle(given: Given) -> Answer:
    """Answer what the end of the running cycle does, if it has come: at most one renewal (rules 9)."""
    given.items("ledger")
    facts, at = facts_at(given), given.moment("at")
    step = Step.begin(facts, at)
    try:
        billing_date = next_billing_cycle(step)
        if billing_date <= at:
            end_cycle(step, billing_date)
    except BillingError as error:
        return step_answer(Step.begin(facts, at), error=error.code)
    return step_answer(step)


def invoice_run(given: Given) -> Answer:
    """Answer one invoice pass as of its date, which is the plan's invoice date unless said otherwise (rules 8.2)."""
    due = given.part("plan").values.get("next_invoice_date")
    given = given if given.has("at", "invoice_time", "now") else Given({**given.values, "at": due})
    facts, at = facts_at(given, PlanDefaults()), given.moment("at", "invoice_time", "now")
    try:
        outcome = process_billing_date(_fresh(facts, at), at)
    except BillingError as error:
        return {"plan": plan_answer(facts.plan), "invoices": [], "invoice_lines": [], "error": error.code}
    return _passes_answer(facts, [outcome], after(facts, outcome))


def cron_catch_up(given: Given) -> Answer:
    """Answer every invoice pass that is due, each as of its own date (rules 8.1)."""
    facts, now = facts_at(given, PlanDefaults()), given.moment("now", "at", "cron_time")
    begun, outcomes = facts, list[Outcome]()
    while (due := facts.plan.next_invoice_date) is not None and due <= now and facts.plan.status.is_live:
        if len(outcomes) == MAX_PASSES:
            raise MalformedCase(f"given.now lies more than {MAX_PASSES} passes ahead.", field="now")
        outcome = process_billing_date(_fresh(facts, due), due)
        outcomes.append(outcome)
        facts = after(facts, outcome)
    return _passes_answer(begun, outcomes, facts)


def facts_at(given: Given, defaults: PlanDefaults | None = None) -> Facts:
    """Return the facts of a case about a running plan, with its successor and its trial's invoice.

    With *defaults* the plan may be told in part, and a ledger left out is one that just began.
    """
    words, at = given.part("plan"), given.moment("at", "now", "invoice_time", "cron_time")
    facts = facts_of(given, words, plan_of(words, defaults), at)
    if not facts.ledger:
        facts = replace(facts, ledger=(first_entry(facts.plan.billing_cycle_anchor),))
    follower = given.maybe_part("next_plan")
    paid = given.maybe_text("trial_invoice_status")
    return replace(
        facts,
        next_plan=_next_plan(facts, follower) if follower else None,
        trial_invoice_paid=None if paid is None else paid == "paid",
    )


def _next_plan(facts: Facts, words: Given) -> Plan:
    defaults = PlanDefaults(
        tier=facts.plan.tier,
        schedule=facts.plan.schedule,
        status=PlanStatus.NEVER_STARTED,
        anchor=facts.plan.end_date or facts.plan.billing_cycle_anchor,
    )
    plan = plan_of(words, defaults)
    return replace(plan, id="next_plan", next_invoice_date=plan.next_invoice_date or plan.billing_cycle_anchor)


def _fresh(facts: Facts, at: datetime) -> Facts:
    seen = facts.last_observation
    return replace(facts, last_observation=replace(seen, observed_at=at) if seen else None)


def _passes_answer(begun: Facts, outcomes: list[Outcome], ended: Facts) -> Answer:
    invoices = [invoice for outcome in outcomes for invoice in invoices_of(outcome)]
    plan = outcomes[-1].plan if outcomes else begun.plan
    took_over = ended.plan if ended.plan.id != plan.id else None
    passes: list[Json] = [time_text(outcome.at) for outcome in outcomes]
    return {
        "plan": plan_answer(plan),
        "next_invoice_date": time_text(plan.next_invoice_date),
        "passes": passes,
        "invoice_runs_at": passes,
        "invoices_created_at_runs": [time_text(outcome.at) for outcome in outcomes if invoices_of(outcome)],
        "invoice_times": [time_text(invoice.at) for invoice in invoices],
        "invoices": [full_invoice(invoice) for invoice in invoices],
        "invoice_lines": lines_answer(invoices),
        "ledger_added": entries_answer(entry for outcome in outcomes for entry in outcome.entries),
        "new_plan": plan_answer(took_over) if took_over else None,
        "error": None,
    }

"""Operations that someone asks for: a status, another schedule or tier, the end."""

from dataclasses import replace
from datetime import datetime, timedelta

from billflow.conformance.facts import PlanDefaults, facts_of, first_entry, plan_of, seats_seen, status_of
from billflow.conformance.given import Answer, Given
from billflow.conformance.results import lines_answer, plan_answer, step_answer
from billflow.domain import commands as c
from billflow.domain.additions import ChargedLine
from billflow.domain.billing_dates import live_through
from billflow.domain.calendar import Period
from billflow.domain.errors import IllegalTransition, PlanEnded, PlanReplaced, Refused
from billflow.domain.ledger import last_renewal_at
from billflow.domain.lifecycle import obey
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.step import Facts, Step

REQUESTS: dict[str, c.PlanCommand] = {
    PlanStatus.ACTIVE: c.CancelScheduledChange(),
    PlanStatus.FREE_TRIAL: c.CancelScheduledChange(),
    PlanStatus.DOWNGRADE_AT_END_OF_CYCLE: c.DowngradeAtEndOfCycle(),
    PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL: c.DowngradeAtEndOfFreeTrial(),
    PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE: c.SwitchToAnnual(),
    PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE: c.SwitchToMonthly(),
    PlanStatus.ENDED: c.EndNow(),
}
INVALID = "invalid_status"
NO_ACTIVE_PLAN = "no_active_plan"
TRIAL = timedelta(days=30)
CODES = {PlanEnded.code: "plan_has_ended", IllegalTransition.code: INVALID, PlanReplaced.code: "plan_was_replaced"}


def set_status(given: Given) -> Answer:
    """Answer a request for another status, after the end of the cycle was looked at (rules 19).

    Without `requested` the end of the cycle is looked at, and nothing else.
    """
    requested, words = given.maybe_text("requested"), given.part("plan")
    facts = _facts(given, words, _defaults(requested, words))
    step = Step.begin(facts, _at(given, facts))
    live_through(step)
    if error := _refusal(step, requested):
        return step_answer(step, error=CODES.get(error, error))
    return step_answer(step) | ({"next_plan": plan_answer(step.scheduled)} if step.scheduled else {})


def _refusal(step: Step, requested: str | None) -> str | None:
    """Take the command that asks for a status, if any; return why it was refused, or that the plan is over."""
    if requested is None:
        ended = PlanEnded.code if step.plan.status is PlanStatus.ENDED else None
        return PlanReplaced.code if step.successor else ended
    if requested not in REQUESTS or _out_of_place(requested, step.plan.status):
        return INVALID
    try:
        obey(step, REQUESTS[requested])
    except Refused as refusal:
        return refusal.code
    return None


def _out_of_place(requested: str, status: PlanStatus) -> bool:
    in_trial = {PlanStatus.ACTIVE: False, PlanStatus.FREE_TRIAL: True, PlanStatus.ENDED: True}
    return status.is_live and requested in in_trial and status.in_trial is not in_trial[PlanStatus(requested)]


def _defaults(requested: str | None, words: Given) -> PlanDefaults:
    status = status_of(words)
    switching = PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE in {requested, status}
    return PlanDefaults(status=status, schedule=Schedule.MONTHLY if switching else Schedule.ANNUAL)


def trial_schedule_switch(given: Given) -> Answer:
    """Answer a trial that changes its schedule at once (rules 10)."""
    wanted, words = given.named(Schedule, "new_schedule"), given.part("plan")
    given.items("ledger")
    facts = _facts(given, words, None)
    step = Step.begin(facts, _at(given, facts))
    obey(step, c.SwitchToAnnual() if wanted is Schedule.ANNUAL else c.SwitchToMonthly())
    return step_answer(step)


def downgrade_now(given: Given) -> Answer:
    """Answer the immediate end of a plan, with nothing more to pay (rules 9)."""
    words = given.part("plan")
    facts = _facts(given, words, PlanDefaults(status=status_of(words)))
    step = Step.begin(facts, _at(given, facts))
    obey(step, c.EndNow())
    return step_answer(step) | {"invoice_lines": lines_answer(step.invoices)}


def tier_upgrade_now(given: Given) -> Answer:
    """Answer a move to a higher tier: the credit, the old plan's end, the new plan and its invoice (rules 12)."""
    command = c.UpgradeTierNow(tier=given.text("new_tier", "requested_tier", "to_tier"))
    facts = _roomy(_facts(given, given.part("plan"), PlanDefaults()), command.tier)
    at = given.maybe_moment("change_at") or _at(given, facts)
    facts = _with_seats(given, facts, at)
    step = Step.begin(replace(facts, charged=_paid_for(facts, at)), at)
    try:
        obey(step, command)
    except Refused as refusal:
        code = NO_ACTIVE_PLAN if isinstance(refusal, IllegalTransition | PlanEnded) else refusal.code
        return step_answer(Step.begin(facts, at), error=code)
    return step_answer(step) | _paid_now(step)


def _paid_now(step: Step) -> Answer:
    invoices = [*step.invoices, *(step.successor.invoices if step.successor else [])]
    total = sum(invoice.total for invoice in invoices)
    due = max(total - step.credit, 0)
    return {
        "credit_cents": step.credit,
        "balance_credit_cents": step.credit,
        "invoice_lines": lines_answer(invoices),
        "new_plan_invoice_lines": lines_answer(step.successor.invoices if step.successor else []),
        "invoice_total": total,
        "amount_due": due,
        "amount_due_after_credit": due,
    }


def _roomy(facts: Facts, tier: str) -> Facts:
    """Return the facts with the new tier's minimum where the case's own, which is the old tier's, is lower."""
    wanted, minimum = facts.catalog.tiers.get(tier), facts.customer.minimum_licenses
    if wanted is None or minimum is None or minimum >= wanted.minimum_licenses:
        return facts
    return replace(facts, customer=replace(facts.customer, minimum_licenses=None))


def _with_seats(given: Given, facts: Facts, at: datetime) -> Facts:
    """Return the facts with people in use: as many as the next cycle has licenses for, where the case doesn't say."""
    if given.has("current_billable_users"):
        return facts
    return replace(facts, last_observation=seats_seen(facts.ledger[-1].licenses_at_next_renewal, at))


def _paid_for(facts: Facts, at: datetime) -> tuple[ChargedLine, ...]:
    """Return what the reference credits: the charge of the last renewal, without later additions (decision 0020)."""
    renewal, price = last_renewal_at(facts.ledger, at), facts.plan.price_per_license
    if renewal is None or price is None:
        return ()
    cycle = Period(renewal.event_time, Step.begin(facts, at).cycle_end(renewal.event_time))
    return (ChargedLine(renewal.licenses * price, cycle, paid=True),)


def _facts(given: Given, words: Given, defaults: PlanDefaults | None) -> Facts:
    plan = plan_of(words, defaults)
    if plan.status.in_trial and plan.next_invoice_date is None:
        plan = replace(plan, next_invoice_date=plan.billing_cycle_anchor + TRIAL)
    follower = given.maybe_part("next_plan")
    waiting = PlanDefaults(status=PlanStatus.NEVER_STARTED, anchor=plan.end_date or plan.billing_cycle_anchor)
    facts = facts_of(given, words, plan, plan.billing_cycle_anchor)
    return replace(
        facts,
        ledger=facts.ledger if given.has("ledger") else (first_entry(plan.billing_cycle_anchor),),
        next_plan=plan_of(follower, waiting) if follower else None,
    )


def _at(given: Given, facts: Facts) -> datetime:
    """Return the moment of the operation; a case that says none means a moment within the running cycle."""
    return given.maybe_moment("at", "now") or max(entry.event_time for entry in facts.ledger)

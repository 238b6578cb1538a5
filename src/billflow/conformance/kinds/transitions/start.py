"""Operations that start a plan: a paid purchase, a trial, a trial's invoice paid late."""

from dataclasses import replace

from billflow.conformance.facts import (
    PlanDefaults,
    collection_of,
    customer_of,
    facts_of,
    plan_of,
    seats_seen,
    status_of,
)
from billflow.conformance.given import Answer, Given
from billflow.conformance.reference import SETTINGS, catalog_for
from billflow.conformance.results import entries_answer, lines_answer, plan_answer
from billflow.domain.catalog import checked_schedule
from billflow.domain.errors import AlreadySubscribed, Refused
from billflow.domain.plan import CollectionMethod, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, activate, start_after_trial, start_plan
from billflow.domain.step import Outcome

DISCREPANCY = "plan.licenses_discrepancy"
HAS_PLAN = "organization_has_active_plan"


def initial_upgrade(given: Given) -> Answer:
    """Answer a plan as it starts once its purchase is paid (rules 7.2)."""
    now, paid = given.moment("now"), given.whole("paid_licenses")
    defaults = PlanDefaults(
        schedule=checked_schedule(given.text("schedule")), status=PlanStatus.NEVER_STARTED, anchor=now
    )
    given.whole("current_billable_users")
    given.named(LicenseManagement, "license_management")
    plan = plan_of(given, defaults)
    outcome = activate(replace(facts_of(given, given, plan, now), paid_licenses=paid), now)
    return {
        **_answer(outcome),
        "immediate_extra_invoice_lines": lines_answer(outcome.invoices) or None,
        "support_notice_sent": any(event.type == DISCREPANCY for event in outcome.events),
    }


def trial_start(given: Given) -> Answer:
    """Answer a trial as it starts (rules 10)."""
    now, tier = given.moment("now"), given.text("tier")
    catalog, licenses = catalog_for(given), given.whole("licenses")
    collection = collection_of(given)
    by_card = collection is CollectionMethod.CHARGE_AUTOMATICALLY
    management = LicenseManagement.AUTOMATIC if by_card else LicenseManagement.MANUAL
    asked = StartPlan(
        tier=tier,
        schedule=given.named(Schedule, "schedule", default=Schedule.ANNUAL),
        licenses=licenses,
        license_management=given.named(LicenseManagement, "license_management", default=management),
        collection_method=collection,
        trial_days=given.whole("free_trial_days"),
    )
    hosting = catalog.tier(tier).hosting
    facts = StartFacts(
        plan_id="plan",
        customer=customer_of(given.maybe_part("customer"), hosting, minimum=given.maybe_whole("minimum_licenses")),
        catalog=catalog,
        last_observation=seats_seen(_users(given, asked), now),
        settings=SETTINGS,
    )
    outcome = start_plan(facts, asked, now)
    return {
        **_answer(outcome),
        "invoice_sent_at_start": bool(outcome.invoices),
        "invoice_lines": lines_answer(outcome.invoices),
    }


def _users(given: Given, asked: StartPlan) -> int | None:
    """Return the people in use; a trial by card that says only its licenses has as many."""
    users = given.maybe_whole("current_billable_users")
    return asked.licenses if users is None and asked.license_management is LicenseManagement.AUTOMATIC else users


def invoice_paid_webhook(given: Given) -> Answer:
    """Answer a payment: it starts the plan its invoice buys, where it buys one and is in time (rules 10 and 17).

    An invoice without `schedule` buys none, unless the case says `organization_has_active_plan`.
    """
    invoice, subscribed = given.maybe_part("invoice") or Given({}), given.flag(HAS_PLAN, default=False)
    told: Answer = {"invoice": {"status": "paid"}, "new_plan": None, "support_emailed": False, "error": None}
    if not invoice.has("schedule") and not subscribed:
        return told
    if trial := _trial_of(given, invoice) if given.has("trial_plan") else None:
        told["trial_plan"] = plan_answer(trial)
    if trial and trial.status.in_trial:
        return {**told, "plan": plan_answer(trial)}
    try:
        outcome = _started(given, invoice, trial)
    except Refused as refusal:
        return {**told, "support_emailed": isinstance(refusal, AlreadySubscribed), "error": refusal.code}
    return {
        **told,
        "new_plan": {**plan_answer(outcome.plan), "licenses": outcome.entries[-1].licenses},
        "new_plan_ledger_added": entries_answer(outcome.entries),
    }


def _trial_of(given: Given, invoice: Given) -> Plan | None:
    """Return the trial that the invoice bought, None where it bought something else."""
    if not invoice.flag("created_for_trial", default=True):
        return None
    words = given.part("trial_plan")
    schedule = checked_schedule(invoice.maybe_text("schedule") or Schedule.ANNUAL)
    plan = plan_of(words, PlanDefaults(schedule=schedule, status=status_of(words)))
    return replace(plan, license_management=LicenseManagement.MANUAL)


def _started(given: Given, invoice: Given, trial: Plan | None) -> Outcome:
    if _has_live_plan(given):
        raise AlreadySubscribed
    at, licenses = given.moment("at", "now"), invoice.whole("licenses")
    if trial:
        return start_after_trial(replace(facts_of(given, given, trial, at), paid_licenses=licenses), "new_plan", at)
    schedule = checked_schedule(invoice.text("schedule"))
    plan = plan_of(invoice, PlanDefaults(schedule=schedule, status=PlanStatus.NEVER_STARTED, anchor=at))
    if not given.has("current_billable_users"):
        plan = replace(plan, license_management=LicenseManagement.MANUAL)
    facts = facts_of(given, given, replace(plan, status=PlanStatus.NEVER_STARTED), at)
    return activate(replace(facts, paid_licenses=licenses), at)


def _has_live_plan(given: Given) -> bool:
    others = [given.part(name) for name in ("live_plan", "current_plan") if given.has(name)]
    said = given.flag("has_live_plan", "has_active_plan", HAS_PLAN, default=False)
    return said or any(status_of(other, default=PlanStatus.ACTIVE).is_live for other in others)


def _answer(outcome: Outcome) -> Answer:
    return {"plan": plan_answer(outcome.plan), "ledger_added": entries_answer(outcome.entries)}

"""Operations of the daily jobs: non-payment, stale seat data, the review of fixed prices."""

from dataclasses import replace

from billflow.conformance.facts import DEFAULT_PRICE, PlanDefaults, facts_of, plan_of, seats_seen
from billflow.conformance.given import Answer, Given, MalformedCase
from billflow.conformance.reference import REFERENCE
from billflow.domain.billing_dates import remind_of_review
from billflow.domain.catalog import Hosting, Role
from billflow.domain.dunning import SmallOrganizationRule, decide_write_off
from billflow.domain.plan import CollectionMethod, Plan, PlanStatus
from billflow.domain.seat_observations import StaleSeatData, check_freshness
from billflow.domain.step import Step

OPEN = "open"


def small_org_nonpayment(given: Given) -> Answer:
    """Answer what becomes of a small organization behind on payments (rules 22)."""
    statuses = [_status(status) for status in given.items("newest_invoices")]
    has_plan = given.flag("has_active_plan")
    decided = decide_write_off(
        SmallOrganizationRule(),
        seats=given.whole("seat_count"),
        has_live_plan=has_plan,
        newest_open=[status == OPEN for status in statuses],
    )
    status = PlanStatus.ENDED if decided.end_plan else PlanStatus.ACTIVE
    return {
        "plan": {"status": status} if has_plan else None,
        "open_invoices_voided": statuses.count(OPEN) if decided.void_open_invoices else 0,
        "owners_emailed": decided.notify_owners,
    }


def _status(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedCase("given.newest_invoices must hold statuses.", field="newest_invoices")
    return value


def stale_usage_data_check(given: Given) -> Answer:
    """Answer whether a self-hosted plan is invoiced now, and whether a notice goes out (rules 15)."""
    due, reported = given.moment("next_invoice_date"), given.maybe_moment("last_usage_data_at")
    plan = _self_hosted(given, fixed=given.flag("fixed_price"))
    plan = replace(plan, next_invoice_date=due, stale_data_notice_sent=given.flag("notice_already_sent"))
    facts = facts_of(Given({}), Given({}), plan, due)
    bought_by_invoice = plan.status.in_trial and plan.collection_method is CollectionMethod.SEND_INVOICE
    facts = replace(facts, trial_invoice_paid=False if bought_by_invoice else None)
    step = Step.begin(replace(facts, last_observation=seats_seen(1, reported) if reported else None), due)
    try:
        check_freshness(step, due)
    except StaleSeatData as stale:
        return {"invoice_now": False, "support_notice_sent": stale.notify}
    return {"invoice_now": True, "support_notice_sent": bool(step.events)}


def fixed_price_review_reminder(given: Given) -> Answer:
    """Answer whether the vendor is asked to review a fixed price (rules 15)."""
    due = given.moment("next_invoice_date")
    plan = _self_hosted(given, fixed=given.flag("fixed_price", default=True))
    plan = replace(plan, next_invoice_date=due, review_reminder_sent=given.flag("already_sent"))
    step = Step.begin(facts_of(Given({}), Given({}), plan, due), due)
    remind_of_review(step)
    return {"support_notice_sent": bool(step.events)}


def _self_hosted(given: Given, *, fixed: bool) -> Plan:
    price = {"fixed_price_cents": DEFAULT_PRICE} if fixed else {}
    told = {key: given.values.get(key) for key in ("end_date", "tier", "status", "charge_automatically")}
    tier = REFERENCE.in_role(Role.DEFAULT_TRIAL, Hosting.SELF_HOSTED)
    return plan_of(Given({**price, **told}), PlanDefaults(tier=tier.code))

"""How customers, what they may do and what they are worth look."""

from collections.abc import Iterable

from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import short
from billflow.cli.output import NOTHING, Columns, FactList, Output, Table, amount, time, words, yes_or_no

_EFFECTS = (
    "projects_writable",
    "can_create_sessions",
    "can_send_messages",
    "agents_can_log_in",
    "webhooks_enabled",
    "charges_enabled",
    "data_retained",
)

CUSTOMERS: Columns = {
    "id": lambda customer: short(customer.id),
    "name~": lambda customer: customer.name,
    "e-mail": lambda customer: customer.email,
    "status": lambda customer: customer.status,
    "currency": lambda customer: customer.billing_account.currency,
}

USAGE: Columns = {
    "month": lambda month: month.month[:7],
    "invoices>": lambda month: month.invoices,
    "invoiced>": lambda month: amount(month.invoiced, month.currency),
    "credited>": lambda month: amount(month.credited, month.currency),
    "tax>": lambda month: amount(month.tax, month.currency),
    "net paid>": lambda month: amount(month.net_paid, month.currency),
}

ONBOARDING: Columns = {
    "part": lambda part: words(part.part),
    "status": lambda part: part.status,
    "what~": lambda part: part.message or part.result or "",
}

_PLANS: Columns = {
    "id": lambda plan: short(plan.plan_id),
    "tier": lambda plan: plan.tier,
    "status": lambda plan: words(plan.status),
    "from": lambda plan: time(plan.started_at),
    "until": lambda plan: time(plan.ended_at),
    "licenses>": lambda plan: plan.licenses,
    "tax>": lambda plan: amount(plan.tax, plan.currency),
    "net paid>": lambda plan: amount(plan.net_paid, plan.currency),
}


def described(customer: JsonObject) -> Output:
    """Show one customer."""
    shown = {
        "id": customer.id,
        "e-mail": customer.email,
        "primary contact": next((contact.email for contact in customer.contacts if contact.is_primary), None),
        "status": customer.status,
        "suspended at": time(customer.suspended_at) if customer.suspended_at else None,
        "ERP number": customer.erp_customer_number,
        "language": customer.default_language,
        "deployment": f"{customer.deployment.kind} {customer.deployment.name}, {customer.deployment_id}",
        "pays": f"{customer.billing_account.currency}, {words(customer.billing_account.collection_method)}",
        "Stripe": customer.billing_account.stripe_customer_id,
        "created": time(customer.created_at),
    }
    return Output(customer, FactList(customer.name, shown))


def access_facts(access: JsonObject) -> FactList:
    """Describe what a customer may do now."""
    plan = access.plan
    seats = f"{plan.seats_in_use} of {plan.licenses} in use" if plan else None
    shown = {
        **{words(name): yes_or_no(access[name]) for name in _EFFECTS},
        "plan": f"{plan.tier_name}, {words(plan.status)}" if plan else None,
        "seats": seats if plan is None or plan.seats_left is None else f"{seats}, {plan.seats_left} left",
        "sponsored": "yes" if access.sponsored else None,
        "features": ", ".join(map(words, access.features)) or None,
    }
    return FactList(f"{access.status.capitalize()} at {time(access.at)}", shown)


def worth(report: JsonObject) -> tuple[FactList, Table]:
    """Describe what a customer is worth, and its plans."""
    shown = {
        "lifetime value": _amounts(report.lifetime_value),
        "renews per month": _amounts(report.monthly_recurring_revenue),
        "open": f"{_amounts(report.open_balance)}, {report.open_invoices} of {report.invoices} invoices",
        "credits": _amounts(report.credit_balance),
        "customer since": time(report.customer_since),
    }
    return FactList(f"{report.name}, {report.status}", shown), Table("Plans", _PLANS, report.plans)


def _amounts(amounts: Iterable[JsonObject]) -> str:
    return " + ".join(amount(one.amount, one.currency) for one in amounts) or NOTHING

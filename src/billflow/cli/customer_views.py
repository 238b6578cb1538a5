"""How customers, what they may do and what they are worth look."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from billflow.cli import output
from billflow.cli.lookup import short

if TYPE_CHECKING:
    from billflow.models.contracts.customer_access import AccessRecord
    from billflow.models.contracts.customer_finances import Amount, ReportRecord, UsageRecord
    from billflow.models.contracts.customers import CustomerRecord
    from billflow.models.contracts.onboarding import OnboardingProgress

_EFFECTS = (
    "projects_writable",
    "can_create_sessions",
    "can_send_messages",
    "agents_can_log_in",
    "webhooks_enabled",
    "charges_enabled",
    "data_retained",
)


def customer_facts(customer: "CustomerRecord", *, as_json: bool) -> None:
    """Print one customer."""
    if as_json:
        output.as_json(customer)
        return
    primary = next((contact.email for contact in customer.contacts if contact.is_primary), None)
    shown = {
        "id": customer.customer_id,
        "e-mail": customer.email,
        "primary contact": primary,
        "status": customer.status,
        "suspended at": output.time(customer.suspended_at) if customer.suspended_at else None,
        "ERP number": customer.erp_customer_number,
        "language": customer.default_language,
        "deployment": f"{customer.deployment.kind} {customer.deployment.name}",
        "pays": f"{customer.billing_account.currency}, {output.words(customer.billing_account.collection_method)}",
        "Stripe": customer.billing_account.stripe_customer_id,
        "created": output.time(customer.created_at),
    }
    output.facts(customer.name, shown)


def access_facts(access: "AccessRecord") -> None:
    """Print what a customer may do now."""
    plan = access.plan
    effects = {output.words(name): "yes" if getattr(access, name) else "no" for name in _EFFECTS}
    seats = f"{plan.seats_in_use} of {plan.licenses} in use" if plan else None
    shown: dict[str, str | None] = {
        **effects,
        "plan": f"{plan.tier_name}, {output.words(plan.status)}" if plan else None,
        "seats": seats if plan is None or plan.seats_left is None else f"{seats}, {plan.seats_left} left",
        "sponsored": "yes" if access.sponsored else None,
        "features": ", ".join(map(output.words, access.features)) or None,
    }
    output.facts(f"{access.status.capitalize()} at {output.time(access.at)}", shown)


def report_facts(report: "ReportRecord") -> None:
    """Print what a customer is worth, and its plans."""
    shown = {
        "lifetime value": _amounts(report.lifetime_value),
        "renews per month": _amounts(report.monthly_recurring_revenue),
        "open": f"{_amounts(report.open_balance)}, {report.open_invoices} of {report.invoices} invoices",
        "credits": _amounts(report.credit_balance),
        "customer since": output.time(report.customer_since),
    }
    output.facts(f"{report.name}, {report.status}", shown)
    rows = [
        (
            short(plan.plan_id),
            plan.tier,
            output.words(plan.status),
            output.time(plan.started_at),
            output.time(plan.ended_at),
            str(plan.licenses),
            output.amount(plan.paid, plan.currency),
        )
        for plan in report.plans
    ]
    output.table("Plans", ("id", "tier", "status", "from", "until", "licenses>", "paid>"), rows)


def usage_facts(usage: "UsageRecord") -> None:
    """Print a customer's money by month, and the most people it had."""
    rows = [
        (
            f"{row.month:%Y-%m}",
            str(row.invoices),
            output.amount(row.invoiced, row.currency),
            output.amount(row.paid, row.currency),
        )
        for row in usage.money
    ]
    people = f"{usage.peak_members} members and {usage.peak_guests} guests at most, {usage.projects} projects"
    output.table(f"Usage: {people}", ("month", "invoices>", "invoiced>", "paid>"), rows)


def onboarding_facts(progress: "OnboardingProgress") -> None:
    """Print how far an onboarding has come."""
    rows = [(output.words(part.part), part.status, part.message or part.result or "") for part in progress.parts]
    output.table(f"Onboarding: {progress.status}", ("part", "status", ""), rows)


def _amounts(amounts: "Iterable[Amount]") -> str:
    return " + ".join(output.amount(one.amount, one.currency) for one in amounts) or output.NOTHING

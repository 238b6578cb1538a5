"""What operators see of a plan in Temporal's Web UI: a few lines of Markdown."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.domain.currencies import format_amount
    from billflow.models.contracts.plans import PlanState


def details(state: PlanState) -> str:
    """Say in Markdown what the plan is, what happens next and when."""
    return "\n\n".join(part for part in (_what(state), _next(state), _attention(state)) if part)


def _what(state: PlanState) -> str:
    price = _price(state)
    clock = f", on test clock at {state.clock_at:%Y-%m-%d %H:%M}" if state.clock_at else ""
    return f"**{state.tier_name}**, {state.schedule}, {price}: `{state.status}` with {state.licenses} licenses{clock}"


def _price(state: PlanState) -> str:
    if state.fixed_price is not None:
        return f"{format_amount(state.fixed_price, state.currency)} a year"
    return f"{format_amount(state.price_per_license or 0, state.currency)} per license"


def _next(state: PlanState) -> str:
    if state.awaiting_invoice_id:
        return f"Starts when invoice `{state.awaiting_invoice_id}` is paid."
    if state.suspended:
        return "Suspended: nothing is charged until the customer is reactivated."
    if state.due_at is None:
        return "Nothing is due any more."
    licenses = state.licenses_at_next_renewal
    return f"Next billing date: {state.due_at:%Y-%m-%d %H:%M:%S} UTC, renewing at {licenses} licenses."


def _attention(state: PlanState) -> str:
    if state.attention is None:
        return ""
    return f"**Needs attention** since {state.attention.since:%Y-%m-%d %H:%M}: {state.attention.message}"

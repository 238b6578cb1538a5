"""What operators see of a plan in Temporal's Web UI: search attributes and a few lines of Markdown."""

from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    from billflow.domain.money import format_amount
    from billflow.models.contracts.plans import PlanState
    from billflow.temporal import search_attributes as keys


def attribute_pairs(state: PlanState) -> list[SearchAttributePair[Any]]:
    """Return every search attribute of the plan, for starting its workflow."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(keys.ORG, state.org_id),
        SearchAttributePair(keys.CUSTOMER, state.customer_id),
        SearchAttributePair(keys.PLAN_STATUS, state.status.value),
        SearchAttributePair(keys.PLAN_TIER, state.tier),
        SearchAttributePair(keys.NEEDS_ATTENTION, state.attention is not None),
    ]
    if state.due_at:
        pairs.append(SearchAttributePair(keys.NEXT_INVOICE_AT, state.due_at))
    return pairs


def search_attributes(state: PlanState) -> TypedSearchAttributes:
    """Return the plan's search attributes, typed."""
    return TypedSearchAttributes(attribute_pairs(state))


def attribute_changes(known: TypedSearchAttributes, state: PlanState) -> Sequence[SearchAttributeUpdate[Any]]:
    """Return only what has changed: each upsert is an event in history."""
    changes: list[SearchAttributeUpdate[Any]] = [
        pair.key.value_set(pair.value) for pair in attribute_pairs(state) if known.get(pair.key) != pair.value
    ]
    if state.due_at is None and known.get(keys.NEXT_INVOICE_AT) is not None:
        changes.append(keys.NEXT_INVOICE_AT.value_unset())
    return changes


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
    due = f"{state.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"Next billing date: {due}, renewing at {state.licenses_at_next_renewal} licenses."


def _attention(state: PlanState) -> str:
    if state.attention is None:
        return ""
    return f"**Needs attention** since {state.attention.since:%Y-%m-%d %H:%M}: {state.attention.message}"

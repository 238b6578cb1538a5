"""How plans, their ledgers and their past look."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from billflow.cli.lookup import short
from billflow.cli.output import Columns, FactList, amount, time, words

if TYPE_CHECKING:
    from billflow.models.contracts.plans import PlanState

_ONLY_FOR_MACHINES = frozenset({"key", "command_id", "type"})

PLANS: Columns = {
    "id": lambda plan: short(plan.plan_id),
    "customer": lambda plan: plan.customer_name,
    "tier": lambda plan: plan.tier_name,
    "schedule": lambda plan: plan.schedule,
    "status": lambda plan: words(plan.status),
    "licenses>": lambda plan: plan.licenses,
    "next billing date": lambda plan: time(plan.due_at),
    "attention": lambda plan: plan.attention.code if plan.attention else "",
}

INVOICES: Columns = {
    "id": lambda invoice: short(invoice.invoice_id),
    "plan": lambda invoice: short(invoice.plan_id),
    "kind": lambda invoice: words(invoice.kind),
    "status": lambda invoice: invoice.status,
    "issued": lambda invoice: time(invoice.issued_at),
    "total>": lambda invoice: amount(invoice.total, invoice.currency),
}

LISTED_INVOICES: Columns = {
    "id": INVOICES["id"],
    "number": lambda invoice: invoice.number or "",
    "customer": lambda invoice: invoice.customer_name,
    **INVOICES,
}

LEDGER: Columns = {
    "seq>": lambda entry: entry.seq,
    "from": lambda entry: time(entry.event_time),
    "of": lambda entry: entry.add_on or "licenses",
    "licenses>": lambda entry: entry.licenses,
    "at renewal>": lambda entry: entry.licenses_at_next_renewal,
    "renewal": lambda entry: "renewal" if entry.is_renewal else "",
    "became": lambda entry: words(entry.disposition or "open"),
}

ADD_ONS: Columns = {
    "add-on": lambda held: held.add_on,
    "name": lambda held: held.name,
    "quantity>": lambda held: held.quantity,
    "at renewal>": lambda held: held.quantity_at_next_renewal,
    "each>": lambda held: amount(held.price, held.currency),
    "next cycle>": lambda held: amount(held.amount_at_next_renewal, held.currency),
}

ITEMS: Columns = {
    "item>": lambda item: item.item,
    "what": lambda item: item.description,
    "quantity>": lambda item: item.quantity,
    "each>": lambda item: amount(item.unit_amount, item.currency),
    "amount>": lambda item: amount(item.amount, item.currency),
    "added": lambda item: time(item.added_at),
    "status": lambda item: item.status,
    "invoice": lambda item: short(item.invoice_id) if item.invoice_id else "",
}

TIMELINE: Columns = {
    "at": lambda entry: time(entry.at),
    "what": lambda entry: words(entry.name),
    "who": lambda entry: entry.actor or "",
    "details": lambda entry: ", ".join(f"{words(name)} {words(str(value))}" for name, value in _leaves(entry.data)),
}


def described(state: "PlanState") -> FactList:
    """Describe one plan."""
    on_hold = state.attention
    shown = {
        "id": state.plan_id,
        "customer": named(state.customer_id, getattr(state, "customer_name", None)),
        "status": words(state.status) + (", suspended" if state.suspended else ""),
        "needs attention": f"{on_hold.message} ({on_hold.code}, since {time(on_hold.since)})" if on_hold else None,
        "price": _price_of(state),
        "licenses": f"{state.licenses}, {state.licenses_at_next_renewal} at renewal, {state.license_management}",
        "payment": words(state.collection_method),
        "next billing date": time(state.due_at),
        "next invoice": time(state.next_invoice_date),
        "ends": time(state.end_date) if state.end_date else None,
        "waits for payment of": state.awaiting_invoice_id,
        "follows": state.predecessor_id,
        "test clock": state.test_clock_id and f"{state.test_clock_id}, at {time(state.clock_at)}",
    }
    return FactList(f"{state.tier_name}, {state.schedule}", shown)


def named(customer_id: str, name: str | None) -> str:
    """Return how a customer is shown where it is one fact of several."""
    return f"{name} ({customer_id})" if name else customer_id


def _price_of(state: "PlanState") -> str:
    if state.fixed_price is not None:
        return f"{amount(state.fixed_price, state.currency)} a year, fixed"
    return f"{amount(state.price_per_license, state.currency)} per license"


def _leaves(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif value is not None and name not in _ONLY_FOR_MACHINES:
            yield name, value

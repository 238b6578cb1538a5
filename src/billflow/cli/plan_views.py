"""How plans, their ledgers and their past look."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from billflow.cli import output
from billflow.cli.lookup import short

if TYPE_CHECKING:
    from billflow.models.contracts.invoices import InvoiceSummary
    from billflow.models.contracts.plans import PlanState
    from billflow.models.contracts.records import LedgerRecord, Page, TimelineEntry

_ONLY_FOR_MACHINES = frozenset({"key", "command_id", "type"})

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def described(state: "PlanState") -> None:
    """Print one plan."""
    on_hold = state.attention
    shown = {
        "id": state.plan_id,
        "customer": state.customer_id,
        "status": output.words(state.status) + (", suspended" if state.suspended else ""),
        "needs attention": f"{on_hold.message} ({on_hold.code}, since {output.time(on_hold.since)})"
        if on_hold
        else None,
        "price": price_of(state),
        "licenses": f"{state.licenses}, {state.licenses_at_next_renewal} at renewal, {state.license_management}",
        "payment": output.words(state.collection_method),
        "next billing date": output.time(state.due_at),
        "next invoice": output.time(state.next_invoice_date),
        "ends": output.time(state.end_date) if state.end_date else None,
        "waits for payment of": state.awaiting_invoice_id,
        "follows": state.predecessor_id,
        "test clock": f"{state.test_clock_id}, at {output.time(state.clock_at)}" if state.test_clock_id else None,
    }
    output.facts(f"{state.tier_name}, {state.schedule}", shown)


def price_of(state: "PlanState") -> str:
    """Say what the plan costs."""
    if state.fixed_price is not None:
        return f"{output.amount(state.fixed_price, state.currency)} a year, fixed"
    return f"{output.amount(state.price_per_license, state.currency)} per license"


def plan_rows(plans: "Sequence[PlanState]") -> Table:
    """Return plans as a table."""
    columns = ("id", "customer", "tier", "schedule", "status", "licenses>", "next billing date", "attention")
    return columns, [
        (
            short(plan.plan_id),
            short(plan.customer_id),
            plan.tier_name,
            plan.schedule,
            output.words(plan.status),
            str(plan.licenses),
            output.time(plan.due_at),
            plan.attention.code if plan.attention else "",
        )
        for plan in plans
    ]


def invoice_rows(invoices: "Sequence[InvoiceSummary]") -> Table:
    """Return invoices as a table."""
    columns = ("id", "plan", "kind", "status", "issued", "total>")
    return columns, [
        (
            short(invoice.invoice_id),
            short(invoice.plan_id),
            output.words(invoice.kind),
            invoice.status,
            output.time(invoice.issued_at),
            output.amount(invoice.total, invoice.currency),
        )
        for invoice in invoices
    ]


def ledger_rows(entries: "Sequence[LedgerRecord]") -> Table:
    """Return ledger entries as a table."""
    columns = ("seq>", "from", "licenses>", "at renewal>", "renewal", "became")
    return columns, [
        (
            str(entry.seq),
            output.time(entry.event_time),
            str(entry.licenses),
            str(entry.licenses_at_next_renewal),
            "renewal" if entry.is_renewal else "",
            output.words(entry.disposition or "open"),
        )
        for entry in entries
    ]


def timeline_rows(entries: "Sequence[TimelineEntry]") -> Table:
    """Return what happened to a plan as a table."""
    columns = ("at", "what", "who", "details")
    return columns, [
        (output.time(entry.at), output.words(entry.name), entry.actor or "", _in_short(entry.data)) for entry in entries
    ]


def paged(title: str, page: "Page[Any]", table: Table, *, noun: str, as_json: bool) -> None:
    """Print one page of a list."""
    if as_json:
        output.as_json({noun: page.rows, "total": page.total, "next": page.next})
        return
    shown = "" if len(page.rows) == page.total else f", {len(page.rows)} shown"
    output.table(f"{title}: {page.total}{shown}", *table)


def whole(noun: str, entries: Sequence[Any], table: Table, *, as_json: bool) -> None:
    """Print a list that comes in one piece."""
    if as_json:
        output.as_json({noun: entries, "total": len(entries)})
    else:
        output.table(f"{noun.capitalize()}: {len(entries)}", *table)


def _in_short(data: Mapping[str, Any]) -> str:
    return ", ".join(f"{output.words(name)} {output.words(str(value))}" for name, value in _leaves(data))


def _leaves(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif value is not None and name not in _ONLY_FOR_MACHINES:
            yield name, value

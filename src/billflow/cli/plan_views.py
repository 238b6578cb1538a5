"""How plans, their ledgers and their past look."""

from collections.abc import Sequence

from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import short
from billflow.cli.output import Columns, FactList, amount, day, shown_fields, time, words

_ONLY_FOR_MACHINES = frozenset({"key", "command_id", "type"})

PLANS: Columns = {
    "id": lambda plan: short(plan.id),
    "customer~": lambda plan: plan.customer_name,
    "tier~": lambda plan: f"{plan.tier_name}, {plan.schedule}",
    "status~": lambda plan: words(plan.status),
    "licenses>": lambda plan: plan.licenses,
    "billing date": lambda plan: day(plan.due_at),
    "attention": lambda plan: plan.attention.code if plan.attention else "",
}

INVOICES: Columns = {
    "id": lambda invoice: short(invoice.id),
    "plan": lambda invoice: short(invoice.plan_id),
    "kind~": lambda invoice: words(invoice.kind),
    "status": lambda invoice: invoice.status,
    "issued": lambda invoice: day(invoice.issued_at),
    "total>": lambda invoice: amount(invoice.total, invoice.currency),
}

LISTED_INVOICES: Columns = {
    "id": INVOICES["id"],
    "number": lambda invoice: invoice.number or "",
    "customer~": lambda invoice: invoice.customer_name,
    **{name: shown for name, shown in INVOICES.items() if name not in ("plan", "kind~")},
}

LEDGER: Columns = {
    "seq>": lambda entry: entry.seq,
    "from": lambda entry: time(entry.event_time),
    "of": lambda entry: entry.add_on or "licenses",
    "licenses>": lambda entry: entry.licenses,
    "at renewal>": lambda entry: entry.licenses_at_next_renewal,
    "renewal": lambda entry: "renewal" if entry.is_renewal else "",
    "became~": lambda entry: words(entry.disposition or "open"),
}

ADD_ONS: Columns = {
    "add-on": lambda held: held.add_on,
    "name~": lambda held: held.name,
    "quantity>": lambda held: held.quantity,
    "at renewal>": lambda held: held.quantity_at_next_renewal,
    "each>": lambda held: amount(held.price, held.currency),
    "next cycle>": lambda held: amount(held.amount_at_next_renewal, held.currency),
}

ITEMS: Columns = {
    "item>": lambda item: item.item,
    "what~": lambda item: item.description,
    "quantity>": lambda item: item.quantity,
    "each>": lambda item: amount(item.unit_amount, item.currency),
    "amount>": lambda item: amount(item.amount, item.currency),
    "added": lambda item: day(item.added_at),
    "status": lambda item: item.status,
    "invoice": lambda item: short(item.invoice_id) if item.invoice_id else "",
}


def timeline_lines(entries: Sequence[JsonObject], currency: str) -> list[str]:
    """Tell what happened to a plan in *currency*, the oldest first, each in one line: when, what, who, and details."""
    rows = [(time(one.at), _what(one.name), one.actor_name or "", one) for one in sorted(entries, key=_when)]
    wide = [max((len(row[n]) for row in rows), default=0) for n in (1, 2)]
    return [
        f"{at}  {what:{wide[0]}}  {who:{wide[1]}}  {_details(one.data, currency)}".rstrip()
        for at, what, who, one in rows
    ]


def _what(name: str) -> str:
    """Write a command as words, and leave the type of an event as an endpoint is told it."""
    return name if "." in name else words(name)


def _when(entry: JsonObject) -> str:
    return str(entry.at)


def _details(data: JsonObject, currency: str) -> str:
    shown = {name: value for name, value in shown_fields(data, currency).items() if name not in _ONLY_FOR_MACHINES}
    return ", ".join(f"{words(name)} {value}" for name, value in shown.items())


def described(state: JsonObject) -> FactList:
    """Describe one plan."""
    on_hold = state.attention
    shown = {
        "id": state.id,
        "customer": named(state.customer_id, state.customer_name),
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


def _price_of(state: JsonObject) -> str:
    if state.fixed_price is not None:
        return f"{amount(state.fixed_price, state.currency)} a year, fixed"
    return f"{amount(state.price_per_license, state.currency)} per license"

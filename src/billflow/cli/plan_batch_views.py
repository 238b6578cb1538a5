"""How batches of plans look."""

from collections.abc import Iterator

from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import short
from billflow.cli.output import NOTHING, Columns, FactList, Part, Table, amount, time, words


def _changed(one: JsonObject) -> str:
    is_time = one.field.endswith(("date", "_at"))
    before, after = (time(text) if is_time and text else text for text in (one.before, one.after))
    return f"{words(one.field)} {words(before or NOTHING)} → {words(after)}"


def _next_invoice(one: JsonObject) -> str:
    pair = dict.fromkeys((one.next_invoice_before, one.next_invoice_after))
    return " → ".join(amount(total, one.currency) for total in pair)


BATCHES: Columns = {
    "id": lambda one: short(one.id),
    "command~": lambda one: words(one.command.type),
    "status": lambda one: one.status,
    "plans>": lambda one: sum(one.counts.values()),
    "ready>": lambda one: one.counts.ready,
    "done>": lambda one: one.counts.done,
    "refused>": lambda one: one.counts.refused,
    "failed>": lambda one: one.counts.failed,
    "created": lambda one: time(one.created_at),
    "reason~": lambda one: one.reason or NOTHING,
}
ITEMS: Columns = {
    "plan": lambda one: short(one.plan_id),
    "customer~": lambda one: one.customer_name,
    "status": lambda one: one.status,
    "changes~": lambda one: "; ".join(map(_changed, one.changes)),
    "billed>": lambda one: amount(one.billed, one.currency),
    "next invoice~": _next_invoice,
    "why not~": lambda one: one.message or "",
}
_TOTALS: Columns = {
    "currency": lambda one: one.currency,
    "plans>": lambda one: one.plans,
    "billed at once>": lambda one: amount(one.billed, one.currency),
    "next invoices before>": lambda one: amount(one.next_invoices_before, one.currency),
    "after>": lambda one: amount(one.next_invoices_after, one.currency),
}


def shown(batch: JsonObject) -> Iterator[Part]:
    """Yield how far a batch is, what its plans come to, and how it goes on."""
    counts = {name: str(count) for name, count in batch.counts.items() if count}
    facts = {"id": batch.id, "command": words(batch.command.type), "status": batch.status, **counts}
    yield FactList("Batch", facts | {"reason": batch.reason})
    if batch.totals:
        yield Table("Of those that take it", _TOTALS, batch.totals)
    if batch.status == "previewed" and batch.counts.ready:
        yield f"Nothing is changed yet: `billflow batch confirm {batch.id} --reason …` does it."

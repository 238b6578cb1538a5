"""`billflow business`: the figures of the whole business, and the lists behind them."""

from datetime import datetime
from typing import Annotated

import typer

from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import PagingHere, short
from billflow.cli.output import NOTHING, Columns, Listing, Output, Table, amount, listed, time, words
from billflow.cli.params import AsOf, moment_option
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()

_REVENUE: Columns = {
    "tier~": lambda one: one.tier_name,
    "plans>": lambda one: one.plans,
    "trials>": lambda one: one.trials,
    "licenses>": lambda one: one.licenses,
    "members>": lambda one: one.members,
    "guests>": lambda one: one.guests,
    "a month>": lambda one: amount(one.monthly, one.currency),
    "a year>": lambda one: amount(one.yearly, one.currency),
}
_MONTHS: Columns = {
    "month": lambda one: one.since[:7],
    "before>": lambda one: amount(one.before, one.currency),
    "new>": lambda one: amount(one.new, one.currency),
    "expansion>": lambda one: amount(one.expansion, one.currency),
    "contraction>": lambda one: amount(one.contraction, one.currency),
    "churned>": lambda one: amount(one.churned, one.currency),
    "after>": lambda one: amount(one.after, one.currency),
    "churn>": lambda one: _percent(one.churn_percent),
    "retention>": lambda one: _percent(one.retention_percent),
}
_COLLECTED: Columns = {
    "month": lambda one: one.month[:7],
    "payments>": lambda one: one.payments,
    "paid>": lambda one: amount(one.paid, one.currency),
    "refunded>": lambda one: amount(one.refunded, one.currency),
    "net>": lambda one: amount(one.net, one.currency),
}
_UNPAID: Columns = {
    "due from": lambda one: time(one.due_since) if one.due_since else NOTHING,
    "until": lambda one: time(one.due_until) if one.due_until else NOTHING,
    "invoices>": lambda one: one.invoices,
    "left to pay>": lambda one: amount(one.amount, one.currency),
}
_DEBTS: Columns = {
    "collection does next~": lambda one: words(one.next_action),
    "invoices>": lambda one: one.invoices,
    "left to pay>": lambda one: amount(one.amount, one.currency),
}
_RENEWAL_DAYS: Columns = {
    "day": lambda one: one.day,
    "plans>": lambda one: one.plans,
    "licenses>": lambda one: one.licenses,
    "amount>": lambda one: amount(one.amount, one.currency),
}
_ON_HOLD: Columns = {
    "code": lambda one: one.code,
    "plans>": lambda one: one.plans,
    "since": lambda one: time(one.since),
}
_FINDINGS: Columns = {
    "severity": lambda one: one.severity,
    "what~": lambda one: words(one.kind),
    "findings>": lambda one: one.findings,
}
_ENDPOINTS: Columns = {
    "id": lambda one: short(one.endpoint_id),
    "url~": lambda one: one.url,
    "status": lambda one: one.status,
    "failing since": lambda one: time(one.failing_since) if one.failing_since else NOTHING,
    "waiting>": lambda one: one.waiting,
}
_QUEUES: Columns = {
    "queue": lambda one: words(one.queue),
    "waiting>": lambda one: one.waiting,
    "oldest": lambda one: time(one.oldest) if one.oldest else NOTHING,
}
_TASK_QUEUES: Columns = {
    "task queue": lambda one: one.queue,
    "oldest": lambda one: time(one.oldest) if one.oldest else NOTHING,
    "workers>": lambda one: one.workers,
}
_RENEWALS: Columns = {
    "plan": lambda one: short(one.plan_id),
    "customer~": lambda one: one.customer_name,
    "tier": lambda one: one.tier,
    "at": lambda one: time(one.at),
    "licenses>": lambda one: one.licenses,
    "amount>": lambda one: amount(one.amount, one.currency),
}
_MOVEMENTS: Columns = {
    "customer": lambda one: short(one.customer_id),
    "name~": lambda one: one.customer_name,
    "before>": lambda one: amount(one.before, one.currency),
    "after>": lambda one: amount(one.after, one.currency),
}


def _percent(text: str | None) -> str:
    return NOTHING if text is None else f"{text}%"


@app.on_api("business report --json", "business report --as-of 2027-01-31T12:00:00Z")
def report(api: Api, *, as_of: AsOf = None) -> Output:
    """Show the figures of the whole business: what recurs, came in, is owed, renews and waits."""
    found = api.get("/business", as_of=as_of)
    return Output(found, *_tables(found))


def _tables(found: JsonObject) -> list[Table]:
    tables = (
        ("Recurring revenue", _REVENUE, found.revenue),
        ("What recurs, billed for a year", _MONTHS, found.months),
        ("The last twelve months", _MONTHS, found.year),
        ("Collected", _COLLECTED, found.collected),
        ("Left to pay", _UNPAID, found.unpaid),
        ("Debts", _DEBTS, found.debts),
        ("Renewals of the next 30 days", _RENEWAL_DAYS, found.renewals),
        ("Plans on hold", _ON_HOLD, found.on_hold),
        ("Findings of the newest reconciliation", _FINDINGS, found.findings),
        ("Failing endpoints", _ENDPOINTS, found.failing_endpoints),
        ("Queues", _QUEUES, found.queues),
        ("Task queues", _TASK_QUEUES, found.task_queues),
    )
    return [Table(title, columns, records) for title, columns, records in tables if records]


@app.on_api("business renewals", "business renewals --json")
def renewals(api: Api, *, as_of: AsOf = None, paging: PagingHere) -> Listing:
    """List the plans whose next cycle begins within 30 days, with what it costs."""
    return listed("Renewals", api.get("/business/renewals", as_of=as_of, **paging), _RENEWALS)


@app.on_api("business movements --since 2026-01-01 --until 2026-02-01")
def movements(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    since: Annotated[datetime, moment_option("Its first moment.")],
    until: Annotated[datetime, moment_option("Its end, not included.")],
    currency: Annotated[str | None, typer.Option(help="Those in one currency only.")] = None,
    as_of: AsOf = None,
    paging: PagingHere,
) -> Listing:
    """List the customers of whom what is billed to recur changed between two moments."""
    found = api.get("/business/movements", since=since, until=until, currency=currency, as_of=as_of, **paging)
    return listed("Movements", found, _MOVEMENTS)

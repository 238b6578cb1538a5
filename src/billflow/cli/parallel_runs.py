"""`billflow parallel-run`: what billflow computes beside what the old system issues."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli.errors import EXIT_REFUSED
from billflow.cli.imports import SHOWN, read_with_progress
from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import PagingHere, id_of, short
from billflow.cli.output import NOTHING, Columns, Listing, Output, Part, Table, amount, day, listed, time, words
from billflow.cli.params import moment_option
from billflow.cli.session import Api, CommandGroup

if TYPE_CHECKING:
    from billflow.imports.issued import IssuedRows

app = CommandGroup()

BATCH = 100
"""How many invoices one request brings."""

Since = Annotated[datetime | None, moment_option("Billing dates from this moment on.")]
Until = Annotated[datetime | None, moment_option("Billing dates before this moment.")]
Grace = Annotated[int, typer.Option(metavar="HOURS", min=0, max=720, help="An invoice is missing after so long.")]
PlanHere = Annotated[str | None, id_of("plan"), typer.Option("--plan", help="One plan only.")]
CustomerHere = Annotated[str | None, id_of("customer"), typer.Option("--customer", help="One customer only.")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="It has invoices and invoice_lines, or Stripe's.")]
ReadFirst = Annotated[bool, typer.Option("--read", help="Read the invoices of STRIPE_API_KEY into the folder first.")]
ReadSince = Annotated[datetime | None, moment_option("Read those that were made from this moment on.")]

DAY_GRACE = 24

_DAYS: Columns = {
    "day": lambda one: one.day,
    "equal>": lambda one: one.equal,
    "different>": lambda one: one.different,
    "not issued>": lambda one: one.not_issued,
    "not computed>": lambda one: one.not_computed,
    "waiting>": lambda one: one.waiting,
    "score>": lambda one: f"{one.percent_equal}%" if one.percent_equal else NOTHING,
    "difference>": lambda one: amount(one.difference, one.currency),
}
_CAUSES: Columns = {
    "why": lambda one: one.cause,
    "plans>": lambda one: one.plans,
    "difference~": lambda one: ", ".join(amount(cents, currency) for currency, cents in one.differences.items()),
}
_PLANS: Columns = {
    "plan": lambda one: short(one.plan_id),
    "customer~": lambda one: one.customer_name,
    "state~": lambda one: words(one.state),
    "equal>": lambda one: one.equal,
    "other>": lambda one: one.different + one.not_issued + one.not_computed,
    "difference>": lambda one: amount(one.difference, one.currency),
    "matches since": lambda one: day(one.matches_since),
}
_DIFFERENCES: Columns = {
    "plan": lambda one: short(one.plan_id),
    "customer~": lambda one: one.customer_name,
    "date": lambda one: day(one.at),
    "what~": lambda one: words(one.verdict),
    "computed>": lambda one: amount(one.computed, one.currency),
    "issued>": lambda one: amount(one.issued, one.currency),
    "why~": lambda one: ", ".join(one.causes),
}
_LINES: Columns = {
    "date": lambda one: one["date"],
    "line~": lambda one: one["line"].description,
    "computed~": lambda one: one["line"].computed_derivation or NOTHING,
    "issued~": lambda one: one["line"].issued_derivation or NOTHING,
    "why~": lambda one: ", ".join(one["line"].causes),
}
_REFUSED: Columns = {
    "invoice~": lambda one: one["external_id"],
    "reason": lambda one: one["code"],
    "~": lambda one: one["message"],
}


@app.on_api("parallel-run report", "parallel-run report --since 2026-12-01 --json")
def report(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    since: Since = None,
    until: Until = None,
    plan: PlanHere = None,
    customer: CustomerHere = None,
    grace_hours: Grace = DAY_GRACE,
) -> Output:
    """Show a score for each day, and why what billflow computes is not what the old system issues."""
    found = api.get("/parallel-run", **_which(since, until, plan, customer, grace_hours))
    parts: list[Part] = [f"{found.matching} of {found.plans} plans match, as of {time(found.at)}."]
    parts += [Table("Days", _DAYS, found.days)] if found.days else []
    parts += [Table("Why amounts differ", _CAUSES, found.causes)] if found.causes else []
    if found.tax_not_compared:
        sums = ", ".join(amount(cents, currency) for currency, cents in found.tax_not_compared.items())
        parts.append(f"Not compared: {sums} of tax, which only Stripe computes; it is taken as Stripe's on both sides.")
    return Output(found, *parts)


@app.on_api("parallel-run status", "parallel-run status --plan 5f1c --json", "parallel-run status --csv")
def status(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    since: Since = None,
    until: Until = None,
    plan: PlanHere = None,
    customer: CustomerHere = None,
    grace_hours: Grace = DAY_GRACE,
    paging: PagingHere,
) -> Listing:
    """List the plans in a parallel run, and since when each matches: those that don't first."""
    which = _which(since, until, plan, customer, grace_hours)
    return listed("Plans in a parallel run", api.get("/parallel-run/plans", **which, **paging), _PLANS)


@app.on_api("parallel-run differences", "parallel-run differences --plan 5f1c --csv")
def differences(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    since: Since = None,
    until: Until = None,
    plan: PlanHere = None,
    customer: CustomerHere = None,
    grace_hours: Grace = DAY_GRACE,
    paging: PagingHere,
) -> Listing:
    """List the billing dates that differ, and line by line how both amounts came about."""
    found = api.get("/parallel-run/differences", **_which(since, until, plan, customer, grace_hours), **paging)
    shown = listed("Billing dates that differ", found, _DIFFERENCES)
    lines = list(_lines(found))
    return Listing(found, *shown.parts, *([Table("Line by line", _LINES, lines)] if lines else []))


def _lines(found: JsonObject) -> Iterator[dict[str, Any]]:
    for one in found.differences:
        for line in one.lines:
            yield {"date": day(one.at), "line": line}


def _which(
    since: datetime | None, until: datetime | None, plan: str | None, customer: str | None, grace_hours: int
) -> dict[str, Any]:
    return {"since": since, "until": until, "plan_id": plan, "customer_id": customer, "grace_hours": grace_hours}


@app.on_api("parallel-run take ./invoices", "parallel-run take ./read --read --since 2026-12-01")
def take(
    api: Api,
    folder: Folder,
    *,
    read: ReadFirst = False,
    since: ReadSince = None,
) -> Output:
    """Take in what the old system issued for plans in a parallel run: a folder of CSV, JSON, or Stripe's objects.

    What is known already is brought up to date, and invoices of other plans are refused. With Stripe's webhooks
    at billflow nothing has to be taken in by hand. Reading goes on where it broke off.
    """
    from billflow.imports.issued import read_issued

    if read:
        from billflow.wiring.imports import read_stripe_invoices

        read_with_progress(lambda settings, progress: read_stripe_invoices(settings, folder, since, progress))
    found = read_issued(folder)
    records = [*found.refused, *_answered(api, found)]
    refused = [one for one in records if one["outcome"] == "refused"]
    counts = {outcome: sum(one["outcome"] == outcome for one in records) for outcome in _outcomes(records)}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    parts: list[Part] = [f"Taken in: {told or 'nothing'}."]
    parts += [Table(f"Refused: {len(refused)}", _REFUSED, refused[:SHOWN])] if refused else []
    error = typer.Exit(EXIT_REFUSED) if refused else None
    return Output({"counts": counts, "records": records}, *parts, error=error)


def _outcomes(records: list[dict[str, Any]]) -> list[str]:
    return sorted({one["outcome"] for one in records})


def _answered(api: Api, found: "IssuedRows") -> Iterator[dict[str, Any]]:
    for begin in range(0, len(found.invoices), BATCH):
        yield from api.write("POST", "/parallel-run/invoices", found.body(begin, BATCH))["records"]

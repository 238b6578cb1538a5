"""Looking ahead: what a command would do, and what a plan is going to bill."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billflow.cli import output
from billflow.cli.lookup import plan_ref
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.invoicing.explain import explain
from billflow.domain.preview import Forecast, invoices_of

if TYPE_CHECKING:
    from billflow.cli.command_variants import Request
    from billflow.domain.step import Outcome
    from billflow.wiring.engine import Engine


async def show_preview(engine: "Engine", typed: "Request") -> None:
    """Print what a command would change and bill; nothing is written."""
    outcome = await engine.plans.preview(await plan_ref(engine, typed.plan), typed.command, typed.at)
    invoices = invoices_of(outcome)
    if typed.as_json:
        output.as_json({**_changes(outcome), "credit": outcome.credit, "invoices": _as_data(invoices)})
        return
    output.facts("The plan would be", {output.words(name): _shown(value) for name, value in _changes(outcome).items()})
    if outcome.credit:
        output.say(f"Credit: {output.amount(outcome.credit, outcome.plan.currency)}")
    _print_invoices(invoices, "Nothing would be billed.")


async def show_forecast(engine: "Engine", plan: str, count: int, *, as_json: bool) -> None:
    """Print the next *count* invoices of a plan, if nothing changes."""
    coming = await engine.plans.forecast(await plan_ref(engine, plan), count)
    if as_json:
        on_hold = {"code": coming.on_hold.code, "message": coming.on_hold.message} if coming.on_hold else None
        output.as_json({"invoices": _as_data(coming.invoices), "on_hold": on_hold, "ends_at": coming.ends_at})
        return
    _print_invoices(coming.invoices, "Nothing more will be billed.")
    _print_end(coming)


def _changes(outcome: "Outcome") -> dict[str, Any]:
    plan = outcome.successor.plan if outcome.successor else outcome.plan
    entries = outcome.successor.entries if outcome.successor else outcome.entries
    return {
        "tier": plan.tier,
        "schedule": plan.schedule,
        "status": plan.status,
        "licenses": entries[-1].licenses if entries else None,
        "licenses_at_next_renewal": entries[-1].licenses_at_next_renewal if entries else None,
        "next_invoice_date": plan.next_invoice_date,
        "end_date": plan.end_date,
    }


def _shown(value: object) -> str | None:
    if isinstance(value, datetime):
        return output.time(value)
    return None if value is None else output.words(str(value))


def _as_data(invoices: Sequence[InvoiceDraft]) -> list[Mapping[str, Any]]:
    return [
        {
            "kind": invoice.kind,
            "at": invoice.at,
            "currency": invoice.currency,
            "total": invoice.total,
            "lines": [explain(line, invoice.currency) for line in invoice.lines],
        }
        for invoice in invoices
    ]


def _print_invoices(invoices: Sequence[InvoiceDraft], nothing: str) -> None:
    if not invoices:
        output.say(nothing)
    for invoice in invoices:
        total = output.amount(invoice.total, invoice.currency)
        output.say(f"{output.time(invoice.at)}  {output.words(invoice.kind)}  {total}")
        for line in invoice.lines:
            output.say(f"    {explain(line, invoice.currency).sentence}")


def _print_end(coming: Forecast) -> None:
    if coming.on_hold:
        output.say(f"Then the plan needs attention: {coming.on_hold.message}")
    if coming.ends_at:
        output.say(f"The plan ends at {output.time(coming.ends_at)}.")

"""Looking ahead: what a command would do, and what a plan is going to bill."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billflow.cli.lookup import plan_ref
from billflow.cli.output import FactList, Output, amount, time, words
from billflow.cli.session import Engine
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.invoicing.explain import explain
from billflow.domain.preview import Forecast, invoices_of, newest_entries

if TYPE_CHECKING:
    from billflow.cli.command_variants import Request
    from billflow.domain.step import Outcome


async def preview(engine: Engine, typed: "Request") -> Output:
    """Show what a command would change and bill; nothing is written."""
    outcome = await engine.plans.preview(await plan_ref(engine, typed.plan), typed.command, typed.at)
    invoices, changes = invoices_of(outcome), _changes(outcome)
    facts = FactList("The plan would be", {words(name): _shown(value) for name, value in changes.items()})
    credit = [f"Credit: {amount(outcome.credit, outcome.plan.currency)}"] if outcome.credit else []
    data = {**changes, "credit": outcome.credit, "invoices": as_data(invoices)}
    return Output(data, facts, *credit, *written(invoices, "Nothing would be billed."))


def forecast(coming: Forecast) -> Output:
    """Show the next invoices of a plan, if nothing changes."""
    on_hold = coming.on_hold and {"code": coming.on_hold.code, "message": coming.on_hold.message}
    sentences = [*written(coming.invoices, "Nothing more will be billed.")]
    if coming.on_hold:
        sentences.append(f"Then the plan needs attention: {coming.on_hold.message}")
    if coming.ends_at:
        sentences.append(f"The plan ends at {time(coming.ends_at)}.")
    data = {"invoices": as_data(coming.invoices), "on_hold": on_hold, "ends_at": coming.ends_at}
    return Output(data, *sentences)


def _changes(outcome: "Outcome") -> dict[str, Any]:
    last = outcome.successor or outcome
    newest, add_ons = newest_entries(last)
    return {
        "tier": last.plan.tier,
        "schedule": last.plan.schedule,
        "status": last.plan.status,
        "licenses": newest and newest.licenses,
        "licenses_at_next_renewal": newest and newest.licenses_at_next_renewal,
        **{
            f"add_on_{code}": f"{entry.licenses}, {entry.licenses_at_next_renewal} at renewal"
            for code, entry in add_ons.items()
        },
        "next_invoice_date": last.plan.next_invoice_date,
        "end_date": last.plan.end_date,
    }


def _shown(value: object) -> str | None:
    if isinstance(value, datetime):
        return time(value)
    return None if value is None else words(str(value))


def as_data(invoices: Sequence[InvoiceDraft]) -> list[Mapping[str, Any]]:
    """Return invoices to come for scripts."""
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


def written(invoices: Sequence[InvoiceDraft], nothing: str) -> Iterator[str]:
    """Yield invoices to come for people, with a sentence for each line, and *nothing* where there are none."""
    if not invoices:
        yield nothing
    for invoice in invoices:
        yield f"{time(invoice.at)}  {words(invoice.kind)}  {amount(invoice.total, invoice.currency)}"
        for line in invoice.lines:
            yield f"    {explain(line, invoice.currency).sentence}"

"""Looking ahead: what a command would do, and what a plan is going to bill."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from billflow.cli.lookup import plan_ref
from billflow.cli.output import FactList, Output, amount, time, words
from billflow.cli.session import Engine
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.invoicing.explain import explain
from billflow.domain.preview import Forecast, invoices_of

if TYPE_CHECKING:
    from billflow.cli.command_variants import Request


async def preview(engine: Engine, typed: "Request") -> Output:
    """Show what a command would change and bill; nothing is written."""
    from billflow.models.contracts.previews import PreviewResponse

    outcome = await engine.plans.preview(await plan_ref(engine, typed.plan), typed.command, typed.at)
    foreseen, invoices = PreviewResponse.of_outcome(outcome), invoices_of(outcome)
    last = (foreseen.successor or foreseen.plan).model_dump()
    add_ons = {one.add_on: f"{one.quantity}, {one.quantity_at_next_renewal} at renewal" for one in foreseen.add_ons}
    facts = FactList("The plan would be", {words(name): _shown(value) for name, value in last.items()} | add_ons)
    credit = [f"Credit: {amount(outcome.credit, outcome.plan.currency)}"] if outcome.credit else []
    return Output(foreseen, facts, *credit, *written(invoices, "Nothing would be billed."))


def forecast(coming: Forecast) -> Output:
    """Show the next invoices of a plan, if nothing changes."""
    from billflow.models.contracts.previews import ForecastResponse

    sentences = [*written(coming.invoices, "Nothing more will be billed.")]
    if coming.on_hold:
        sentences.append(f"Then the plan needs attention: {coming.on_hold.message}")
    if coming.ends_at:
        sentences.append(f"The plan ends at {time(coming.ends_at)}.")
    return Output(ForecastResponse.of_forecast(coming), *sentences)


def _shown(value: object) -> str | None:
    if isinstance(value, datetime):
        return time(value)
    return None if value is None else words(str(value))


def written(invoices: Sequence[InvoiceDraft], nothing: str) -> Iterator[str]:
    """Yield invoices to come for people, with a sentence for each line, and *nothing* where there are none."""
    if not invoices:
        yield nothing
    for invoice in invoices:
        yield f"{time(invoice.at)}  {words(invoice.kind)}  {amount(invoice.total, invoice.currency)}"
        for line in invoice.lines:
            yield f"    {explain(line, invoice.currency).sentence}"

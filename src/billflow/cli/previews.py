"""Looking ahead: what a command would do, and what a plan is going to bill."""

from collections.abc import Iterable, Iterator, Sequence
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
    from billflow.domain.discounts import Discount, Preview, PriceComparison


async def preview(engine: Engine, typed: "Request") -> Output:
    """Show what a command would change and bill; nothing is written."""
    return previewed(await engine.plans.preview(await plan_ref(engine, typed.plan), typed.command, typed.at))


def previewed(found: "Preview") -> Output:
    """Show what a change would do to a plan, what it would bill, and what it would make of price and discounts."""
    from billflow.models.contracts.previews import AddOnPreview, PlanPreview, PreviewResponse

    outcome, compared = found.outcome, found.comparison
    last = PlanPreview.of_outcome(outcome.successor or outcome).model_dump()
    changed = AddOnPreview.of_outcome(outcome.successor or outcome)
    add_ons = {one.add_on: f"{one.quantity}, {one.quantity_at_next_renewal} at renewal" for one in changed}
    facts = FactList("The plan would be", {words(name): _shown(value) for name, value in last.items()} | add_ons)
    credit = [f"Credit: {amount(outcome.credit, outcome.plan.currency)}"] if outcome.credit else []
    prices = FactList("What it costs", _prices(compared, outcome.plan.currency))
    shown = [] if compared.is_same else [prices]
    billed = written(invoices_of(outcome), "Nothing would be billed.")
    return Output(
        PreviewResponse.of_preview(found), facts, *credit, *billed, *shown, *discounts_shown(compared.discounts)
    )


def discounts_shown(discounts: Iterable["Discount"]) -> Iterator[str]:
    """Yield each discount with how long it lasts."""
    for one in discounts:
        left = "" if one.months_left is None else f", {one.months_left} months left"
        until = f", until {time(one.ends_at)}" if one.ends_at else ""
        waits = "; it waits, and takes nothing off the plan as it is now" if one.waiting else ""
        yield f"Discount: {one.name}: {one.off}{left}{until}{waits}."


def _prices(compared: "PriceComparison", currency: str) -> dict[str, str | None]:
    """Return price and next invoice before and after a change; what stays is shown once."""
    before, following = compared.next_invoice_before, compared.next_invoice_after
    shown = {
        "a license and cycle": (compared.price_before, compared.price_after),
        "next invoice": (before.total if before else None, following.total if following else None),
    }
    return {name: " → ".join(amount(one, currency) for one in dict.fromkeys(pair)) for name, pair in shown.items()}


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

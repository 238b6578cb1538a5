"""Looking ahead: what a command would do, and what a plan is going to bill."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billflow.cli.lookup import plan_ref
from billflow.cli.output import FactList, Output, amount, time, words
from billflow.cli.session import Engine
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.invoicing.explain import explain
from billflow.domain.preview import Forecast, invoices_of

if TYPE_CHECKING:
    from billflow.cli.command_variants import Request
    from billflow.domain.discounts import Discount, Preview, PriceComparison
    from billflow.domain.step import Outcome


async def preview(engine: Engine, typed: "Request") -> Output:
    """Show what a command would change and bill; nothing is written."""
    return previewed(await engine.plans.preview(await plan_ref(engine, typed.plan), typed.command, typed.at))


def previewed(found: "Preview") -> Output:
    """Show what a change would do to a plan, what it would bill, and what it would make of price and discounts."""
    outcome, compared = found.outcome, found.comparison
    invoices, changes = invoices_of(outcome), _changes(outcome)
    facts = FactList("The plan would be", {words(name): _shown(value) for name, value in changes.items()})
    credit = [f"Credit: {amount(outcome.credit, outcome.plan.currency)}"] if outcome.credit else []
    data = {**changes, "credit": outcome.credit, "invoices": as_data(invoices), "price": _price_data(compared)}
    prices = FactList("What it costs", _prices(compared, outcome.plan.currency))
    shown = [] if compared.is_same else [prices]
    billed = written(invoices, "Nothing would be billed.")
    return Output(data, facts, *credit, *billed, *shown, *discounts_shown(compared.discounts))


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


def _price_data(compared: "PriceComparison") -> Mapping[str, Any]:
    before, following = compared.next_invoice_before, compared.next_invoice_after
    return {
        "price_before": compared.price_before,
        "price_after": compared.price_after,
        "next_invoice_before": as_data([before])[0] if before else None,
        "next_invoice_after": as_data([following])[0] if following else None,
        "discounts": compared.discounts,
    }


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
    newest = last.entries[-1] if last.entries else None
    return {
        "tier": last.plan.tier,
        "schedule": last.plan.schedule,
        "status": last.plan.status,
        "licenses": newest and newest.licenses,
        "licenses_at_next_renewal": newest and newest.licenses_at_next_renewal,
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

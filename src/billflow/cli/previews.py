"""Looking ahead: what a command would do, and what a plan is going to bill."""

from collections.abc import Iterable, Iterator, Sequence

from billflow.cli.json_objects import JsonObject
from billflow.cli.output import FactList, Output, amount, shown_fields, time, words


def previewed(found: JsonObject) -> Output:
    """Show what a change would do to a plan, what it would bill, and what it would make of price and discounts.

    Of a customer that has no live plan, the discounts alone.
    """
    discounts = [*discounts_shown(found.price.discounts)]
    if found.plan is None:
        return Output(found, *discounts)
    currency, price = found.currency, found.price
    add_ons = {one.add_on: f"{one.quantity}, {one.quantity_at_next_renewal} at renewal" for one in found.add_ons}
    facts = FactList("The plan would be", _facts(found.successor or found.plan, currency) | add_ons)
    credit = [f"Credit: {amount(found.credit, currency)}"] if found.credit else []
    changes = price.price_before != price.price_after or price.next_invoice_before != price.next_invoice_after
    prices = [FactList("What it costs", _prices(price, currency))] if changes else []
    return Output(found, facts, *credit, *written(found.invoices, "Nothing would be billed."), *prices, *discounts)


def discounts_shown(discounts: Iterable[JsonObject]) -> Iterator[str]:
    """Yield each discount with how long it lasts."""
    for one in discounts:
        left = "" if one.months_left is None else f", {one.months_left} months left"
        until = f", until {time(one.ends_at)}" if one.ends_at else ""
        waits = "; it waits, and takes nothing off the plan as it is now" if one.waiting else ""
        yield f"Discount: {one.name}: {one.off}{left}{until}{waits}."


def _facts(plan: JsonObject, currency: str) -> dict[str, str | None]:
    shown = shown_fields(plan, currency)
    return {words(name): words(text) if name == "status" else text for name, text in shown.items()}


def _prices(price: JsonObject, currency: str) -> dict[str, str | None]:
    """Return price and next invoice before and after a change; what stays is shown once."""
    before, following = price.next_invoice_before, price.next_invoice_after
    shown = {
        "a license and cycle": (price.price_before, price.price_after),
        "next invoice": (before and before.total, following and following.total),
    }
    return {name: " → ".join(amount(one, currency) for one in dict.fromkeys(pair)) for name, pair in shown.items()}


def forecast(coming: JsonObject) -> Output:
    """Show the next invoices of a plan, if nothing changes."""
    sentences = [*written(coming.invoices, "Nothing more will be billed.")]
    if coming.on_hold:
        sentences.append(f"Then the plan needs attention: {coming.on_hold.message}")
    if coming.ends_at:
        sentences.append(f"The plan ends at {time(coming.ends_at)}.")
    return Output(coming, *sentences)


def written(invoices: Sequence[JsonObject], nothing: str) -> Iterator[str]:
    """Yield invoices to come for people, with a sentence for each line, and *nothing* where there are none."""
    if not invoices:
        yield nothing
    for invoice in invoices:
        more = ", to which Stripe adds the tax" if invoice.automatic_tax else ""
        yield f"{time(invoice.issued_at)}  {words(invoice.kind)}  {amount(invoice.total, invoice.currency)}{more}"
        yield from (f"    {line.sentence}" for line in invoice.lines)

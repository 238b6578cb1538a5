"""The tax of a credit note: its share of what the invoice's lines are taxed, or by rates and amounts of its own."""

from collections import Counter
from collections.abc import Iterable, Sequence

from stripe_emulator.engine import fields, money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import tax_rates, taxes
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj


def check(invoice: Obj, given: Obj) -> None:
    """Raise StripeError for rates or amounts of tax where the reference has none [assume: words]."""
    is_automatic, is_custom = invoice["automatic_tax"]["enabled"], given["type"] == "custom_line_item"
    fields.exclusive(given, ("tax_rates", "tax_amounts"), "lines")
    if is_automatic and is_custom:
        raise invalid("You cannot credit a custom_line_item of an invoice with automatic tax.", param="lines[type]")
    if given.get("tax_rates") and not is_custom:
        raise invalid("tax_rates are only valid when the type is custom_line_item.", param="lines[tax_rates]")
    if given.get("tax_amounts") and is_automatic:
        raise invalid("You cannot set tax_amounts on an invoice with automatic tax.", param="lines[tax_amounts]")


def of_line(unit: Unit, invoice: Obj, given: Obj, line: Obj, source: Obj | None) -> list[Obj]:
    """Return the taxes of a line: those given, or the share of the invoice's line that it credits."""
    if given.get("tax_amounts"):
        return [_amount(unit, one) for one in given["tax_amounts"]]
    if source is None:
        held = [rate for rate, _, _ in map(taxes.key, invoice["total_taxes"]) if rate]
        line["tax_rates"] = tax_rates.named(unit, given.get("tax_rates"), "lines[tax_rates]", held)
        return tax_rates.taxes(unit, line["tax_rates"], line["amount"])
    line["tax_rates"] = _rates_of(unit, source["taxes"])
    earlier = [one for one in _lines_of_notes(unit, invoice) if one.get("invoice_line_item") == source["id"]]
    left = source["amount"] - sum(one["amount"] for one in earlier)
    if line["amount"] > left:
        # [assume] words; of a line that is credited in parts, the last one takes what rounding has left.
        raise invalid(f"The amount credited for a line must be at most {left}, what is left of it.", param="lines")
    credited = [tax for one in earlier for tax in one["taxes"]]
    return _based(_share(source["taxes"], credited, line["amount"], left), line["amount"])


def of_amount(unit: Unit, invoice: Obj, amount: int) -> list[Obj]:
    """Return the share of the invoice's taxes that a total of a note contains [assume: in proportion, as refunds]."""
    notes = _notes(unit, invoice)
    left = invoice["total"] - sum(note["total"] for note in notes)
    credited = [tax for note in notes for tax in note["total_taxes"]]
    shares = _share(invoice["total_taxes"], credited, min(amount, left), left) if left > 0 else []
    return _based(shares, amount - money.exclusive(shares))


def _share(whole: Sequence[Obj], credited: Iterable[Obj], amount: int, left: int) -> list[Obj]:
    """Return of each tax, less what was credited of it, the part that *amount* is of *left*."""
    given: Counter[tuple[str | None, str, str]] = Counter()
    for one in credited:
        given[taxes.key(one)] += one["amount"]
    shares = []
    for one in taxes.summed(whole):
        rest = one["amount"] - given[taxes.key(one)]
        shares.append({**one, "amount": money.part(rest, amount, left) if left else 0})
    return shares


def _based(shares: list[Obj], amount: int) -> list[Obj]:
    """Return the taxes with what they are on: the line's amount without the tax in it, 0 where nothing is taxed."""
    base = amount - sum(one["amount"] for one in shares) + money.exclusive(shares)
    return [{**one, "taxable_amount": base if one["taxable_amount"] else 0} for one in shares]


def _amount(unit: Unit, given: Obj) -> Obj:
    rate = unit.get("tax_rate", given["tax_rate"], "lines[tax_amounts][tax_rate]")
    if not tax_rates.is_automatic(rate):
        raise invalid("The tax rate of a tax amount must have been made by Stripe.", param="lines[tax_amounts]")
    return tax_rates.tax(rate, given["amount"], given["taxable_amount"])


def _rates_of(unit: Unit, held: Iterable[Obj]) -> list[str]:
    """Return the rates of an invoice's line that somebody set on it."""
    rates = [unit.get("tax_rate", rate) for rate, _, _ in map(taxes.key, held) if rate]
    return [rate["id"] for rate in rates if not tax_rates.is_automatic(rate)]


def _notes(unit: Unit, invoice: Obj) -> list[Obj]:
    return unit.select(Query("credit_note").where("invoice", invoice["id"]).where("status", "issued"))


def _lines_of_notes(unit: Unit, invoice: Obj) -> list[Obj]:
    listed = [unit.select(Query("credit_note_line_item").where("invoice", one["id"])) for one in _notes(unit, invoice)]
    return [line for lines in listed for line in lines]

"""Put on each line of a draft what it is taxed: automatically, by tax rates, or with amounts that were given."""

from collections.abc import Iterable
from typing import Any

from stripe_emulator.engine import money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, invalid
from stripe_emulator.invoicing import automatic_tax, tax_rates
from stripe_emulator.types import Obj

MAX_AMOUNTS = 20


def apply(unit: Unit, invoice: Obj, lines: list[Obj]) -> None:
    """Compute the taxes of a draft's lines; raises StripeError where two ways of taxing meet."""
    held = [line.get("_sim", {}) for line in lines]
    _check_ways(
        is_automatic=invoice["automatic_tax"]["enabled"],
        has_rates=bool(invoice["default_tax_rates"]) or any(one.get("tax_rates") for one in held),
        has_amounts=any(one.get("taxes") for one in held),
    )
    if automatic_tax.apply(unit, invoice, lines):
        return
    for line, own in zip(lines, held, strict=True):
        rates = own.get("tax_rates") or invoice["default_tax_rates"]
        line["taxes"] = tax_rates.taxes(unit, rates, money.discounted(line)) if rates else own.get("taxes", [])


def put(unit: Unit, obj: Obj, params: Obj) -> None:
    """Keep with an item or a line by what a request taxes it; an empty value takes it away."""
    held = obj.setdefault("_sim", {})
    if "tax_rates" in params:
        place = held if obj["object"] == "line_item" else obj
        place["tax_rates"] = tax_rates.named(unit, params["tax_rates"], "tax_rates", place.get("tax_rates") or ())
    if "tax_amounts" in params:
        held["taxes"] = _given(unit, params["tax_amounts"] or [])


def summed(taxes: Iterable[Obj]) -> list[Obj]:
    """Return taxes added up by rate, behavior and reason, as the totals of invoices and credit notes have them."""
    sums: dict[Any, Obj] = {}
    for one in taxes:
        known = sums.setdefault(key(one), {**one, "amount": 0, "taxable_amount": 0})
        known["amount"] += one["amount"]
        known["taxable_amount"] += one["taxable_amount"]
    return list(sums.values())


def key(tax: Obj) -> tuple[str | None, str, str]:
    """Return what says that two taxes are the same one on different amounts."""
    details = tax["tax_rate_details"]
    return details and details["tax_rate"], tax["tax_behavior"], tax["taxability_reason"]


def _given(unit: Unit, amounts: list[Obj]) -> list[Obj]:
    """Return the manual `tax_amounts` as lines show them; their rates are found or made."""
    if len(amounts) > MAX_AMOUNTS:
        raise invalid(f"A line can have at most {MAX_AMOUNTS} tax amounts.", param="tax_amounts")
    taxes = []
    for one in amounts:
        rate = tax_rates.automatic(unit, one["tax_rate_data"])
        reason = one.get("taxability_reason") or "not_available"
        taxes.append(tax_rates.tax(rate, one["amount"], one["taxable_amount"], reason))
    return taxes


def _check_ways(*, is_automatic: bool, has_rates: bool, has_amounts: bool) -> None:
    """Raise StripeError for two ways at once, which Stripe documents as incompatible [assume: words]."""
    if is_automatic and has_rates:
        raise invalid("You cannot enable automatic tax when tax rates are set.", param="automatic_tax[enabled]")
    if has_amounts and (is_automatic or has_rates):
        raise _no_amounts()


def _no_amounts() -> StripeError:
    return invalid(
        "You cannot set tax amounts if any line item has tax rates, or if the invoice has default tax rates or uses "
        "automatic tax.",
        param="tax_amounts",
    )

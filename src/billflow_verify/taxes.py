"""The tax: what a rate comes to, and what each line has of it; of what Stripe computed, that it adds up."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billflow_verify.amounts import shared_out, unit_of
from billflow_verify.facts import Line, ProvenInvoice, name_of
from billflow_verify.faults import demand

PARTS_OF_TAX = 1_000_000
_NOT_TAXED = ("tax", "credit_to_balance")
_BY_STRIPE = "computed by Stripe Tax"


def check_taxes(one: ProvenInvoice, known: Mapping[str, Any] | None) -> None:
    """Demand that each rate is charged once on all that is priced, and shared out; raises `ProofFault`.

    *known* is the version of the taxes that the invoice goes by.
    """
    taxes = [line for line in one.lines if line["kind"] == "tax"]
    tax = sum(line["tax"] for line in taxes)
    demand(one.invoice["tax"] == tax, f"The invoice has the tax {one.invoice['tax']}, its lines come to {tax}.")
    for line in taxes:
        _check_line(line)
        if one.invoice["automatic_tax"]:
            _check_stripes(line, one)
        else:
            _check_rate(line, one, known)
    if one.invoice["automatic_tax"]:
        shares = sum(line["tax"] for line in _priced(one))
        demand(shares == tax, f"The lines have {shares} of the tax, and it is {tax}.")
    else:
        _check_shares(one, taxes)


def _priced(one: ProvenInvoice) -> list[Line]:
    return [line for line in one.lines if line["kind"] not in _NOT_TAXED]


def _check_line(line: Line) -> None:
    d = line["derivation"]
    demand(line["tax"] == unit_of(d), f"{name_of(line)} has the tax {line['tax']}, its rate comes to {unit_of(d)}.")
    contained = line["tax"] if line["applied_tax"]["inclusive"] else 0
    demand(d["less"] == contained, f"{name_of(line)} takes {d['less']} off, where prices contain {contained}.")


def _check_stripes(line: Line, one: ProvenInvoice) -> None:
    """Demand of a tax that Stripe computed that it is its rate on its base, but for Stripe's rounding of each line."""
    d = line["derivation"]
    demand(d["note"] == _BY_STRIPE, f"{name_of(line)} is not from Stripe Tax.")
    if line["applied_tax"]["category"] != "standard" or not line["tax"]:
        demand(line["tax"] == 0, f"{name_of(line)} charges {line['tax']}, where nothing is charged.")
        return
    exact = Fraction(Decimal(line["applied_tax"]["percent"])) * d["price"] / 100
    fits = abs(line["tax"] - exact) <= len(_priced(one))
    demand(fits, f"{name_of(line)} has the tax {line['tax']}, its rate on {d['price']} comes to {float(exact):.2f}.")


def _check_rate(line: Line, one: ProvenInvoice, known: Mapping[str, Any] | None) -> None:
    d, applied = line["derivation"], line["applied_tax"]
    priced = sum(of["amount"] for of in _priced(one))
    demand(d["price"] == priced, f"{name_of(line)} is on {d['price']}, the lines come to {priced}.")
    share = d["numerator"], d["denominator"]
    demand(share == _share(line, one), f"{name_of(line)} bills {share[0]}/{share[1]} of its price.")
    demand(d["rounding"] == "half_up", f"{name_of(line)} is rounded {d['rounding']!r}, where the rule says 'half_up'.")
    if known is not None and applied["category"] == "standard":
        rates = {Decimal(rate["percent"]) for rate in known["content"]["rates"]}
        fits = Decimal(applied["percent"]) in rates
        demand(fits, f"{name_of(line)} is at {applied['percent']} percent, which was no rate.")


def _share(line: Line, one: ProvenInvoice) -> tuple[int, int]:
    """Return which part of the priced lines a rate takes."""
    rates = [_parts(of) for of in one.lines if of["kind"] == "tax"]
    return _parts(line), PARTS_OF_TAX + (sum(rates) if line["applied_tax"]["inclusive"] else 0)


def _parts(line: Line) -> int:
    return int(Decimal(line["applied_tax"]["percent"]) * (PARTS_OF_TAX // 100))


def _check_shares(one: ProvenInvoice, taxes: list[Line]) -> None:
    """Demand that each priced line has its share of the tax, by the largest remainder."""
    priced = _priced(one)
    shares = [0] * len(priced)
    for line in taxes:
        exact = [Fraction(of["amount"]) * Fraction(*_share(line, one)) for of in priced]
        mine = shared_out(line["tax"], exact, one.step)
        shares = [so_far + more for so_far, more in zip(shares, mine, strict=True)]
    for line, share in zip(priced, shares, strict=True):
        demand(line["tax"] == share, f"Line {line['n']} has {line['tax']} of the tax, its share is {share}.")

"""The rule of each kind of line: which price, share, quantity and period it must have."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from billflow_verify.amounts import HUNDREDTHS_OF_PERCENT, microseconds, moment, rounded, unit_of
from billflow_verify.facts import Line, ProvenFacts, name_of
from billflow_verify.faults import demand

_MONTHS = 12
_INSTALMENT = re.compile(r"instalment (\d+) of 12(, which add up exactly)?")
_PART = re.compile(r"part (\d+) of (\d+)")
_PERCENT = re.compile(r": ([0-9.]+)% off")
_NOT_DISCOUNTED = ("item", "add_on", "additional_add_on", "add_on_end_date_change", "tax", "credit_to_balance")


def check_rule(line: Line, facts: ProvenFacts) -> None:
    """Demand that a line is as the rule of its kind says; raises `ProofFault`."""
    rule = RULES.get(line["kind"])
    demand(rule, f"{name_of(line)} is of the kind {line['kind']!r}, which no rule knows.")
    part = _PART.fullmatch(line["derivation"]["note"] or "")
    if part is not None:
        _part(line, int(part[1]), int(part[2]))
    elif rule is not None:
        rule(line, facts)


def _part(line: Line, number: int, count: int) -> None:
    d = line["derivation"]
    _share(line, 1, count, "up" if number <= d["price"] // d["step"] % count else "down")
    demand(1 <= number <= count, f"{name_of(line)} is part {number} of {count}.")


def _share(line: Line, numerator: int, denominator: int, rounding: str) -> None:
    d = line["derivation"]
    share = d["numerator"], d["denominator"]
    demand(share == (numerator, denominator), f"{name_of(line)} bills {share[0]}/{share[1]} of its price.")
    demand(
        d["rounding"] == rounding, f"{name_of(line)} is rounded {d['rounding']!r}, where the rule says {rounding!r}."
    )


def _price(line: Line, facts: ProvenFacts, name: str) -> None:
    known = facts.prices(name)
    price = line["derivation"]["price"]
    fits = facts.is_corrected or not known or price in known
    demand(fits, f"{name_of(line)} has the price {price}, which the plan never had.")


def _quantity(line: Line, facts: ProvenFacts, expected: int) -> None:
    quantity = line["quantity"]
    fits = quantity <= expected if facts.is_part else quantity == expected
    demand(facts.is_corrected or fits, f"{name_of(line)} bills {quantity} units, and the ledger says {expected}.")


def _begins(line: Line, event_time: str) -> None:
    start = line["derivation"]["period"]["start"]
    demand(moment(start) == moment(event_time), f"{name_of(line)} begins at {start}, its ledger entry at {event_time}.")


def _whole_cycle(line: Line, facts: ProvenFacts) -> None:
    """Bill licenses, or units of an add-on, for a cycle in advance."""
    _share(line, 1, 1, "exact")
    demand(line["derivation"]["less"] == 0, f"{name_of(line)} takes something off a whole cycle.")
    for entry in map(facts.entry, line["entries"]):
        _quantity(line, facts, entry["licenses"])
        if line["kind"] != "initial_upgrade":
            _begins(line, entry["event_time"])
    if line["kind"] == "add_on":
        _add_on_price(line, facts)
    else:
        _price(line, facts, "price_per_license")


def _add_on_price(line: Line, facts: ProvenFacts) -> None:
    for entry in map(facts.entry, line["entries"][:1]):
        price = line["derivation"]["price"]
        fits = facts.is_corrected or price == entry["price"]
        demand(fits, f"{name_of(line)} has the price {price}, and the ledger says {entry['price']}.")


def _addition(line: Line, facts: ProvenFacts) -> None:
    """Bill what was added within a cycle for the rest of it."""
    d = line["derivation"]
    _of_cycle(line)
    charged = microseconds(d["period"]["start"], d["period"]["end"])
    demand(d["numerator"] == charged, f"{name_of(line)} charges {d['numerator']} of {charged} microseconds.")
    demand(d["less"] == 0, f"{name_of(line)} takes something off an addition.")
    if line["entries"]:
        _begins(line, facts.entry(line["entries"][0])["event_time"])
        _quantity(line, facts, sum(map(facts.added, line["entries"])))
    if line["kind"] == "additional_add_on":
        _add_on_price(line, facts)
    else:
        _price(line, facts, "price_per_license")


def _of_cycle(line: Line) -> None:
    d = line["derivation"]
    demand(d["cycle"], f"{name_of(line)} names no cycle.")
    cycle = microseconds(d["cycle"]["start"], d["cycle"]["end"])
    demand(
        d["denominator"] == cycle, f"{name_of(line)} divides by {d['denominator']}, its cycle has {cycle} microseconds."
    )
    demand(d["rounding"] == "half_up", f"{name_of(line)} is rounded {d['rounding']!r}, where the rule says 'half_up'.")
    inside = moment(d["cycle"]["start"]) <= moment(d["period"]["start"])
    demand(inside and 0 <= d["numerator"] <= cycle, f"{name_of(line)} charges more than its cycle.")


def _end_date_change(line: Line, facts: ProvenFacts) -> None:
    """Bill, or credit, what an addition costs otherwise now that the plan's end date moved."""
    _of_cycle(line)
    if line["kind"] == "end_date_change":
        _price(line, facts, "price_per_license")


def _fixed_price(line: Line, facts: ProvenFacts) -> None:
    """Bill a fixed price: the year at once, or one of twelve instalments."""
    d = line["derivation"]
    found = _INSTALMENT.fullmatch(d["note"] or "")
    if found is None:
        demand(d["note"] == "fixed price", f"{name_of(line)} is neither a fixed price nor an instalment of one.")
        _share(line, 1, 1, "exact")
    else:
        larger = int(found[1]) - 1 < d["price"] // d["step"] % _MONTHS
        _share(line, 1, _MONTHS, "up" if larger or not found[2] else "down")
    demand((d["less"], d["quantity"]) == (0, 1), f"{name_of(line)} bills a fixed price more or less than once.")
    _price(line, facts, "fixed_price")


def _flat_discount(line: Line, facts: ProvenFacts) -> None:
    """Take an amount off for each month, but no more than is charged for licenses."""
    d = line["derivation"]
    _share(line, d["numerator"], 1, "exact")
    demand(1 <= d["numerator"] <= _MONTHS and d["price"] < 0, f"{name_of(line)} is no discount for 1 to 12 months.")
    counted = (one for one in facts.lines if one["kind"] not in (*_NOT_DISCOUNTED, "flat_discount"))
    most = sum(one["amount"] for one in counted if (one["amount"] > 0) is not (one["kind"] == "coupon"))
    less = min(most + d["price"] * d["numerator"], 0)
    demand(facts.is_part or d["less"] == less, f"{name_of(line)} takes off {d['less'] - less} too much or too little.")


def _coupon(line: Line, facts: ProvenFacts) -> None:
    """Take a percentage, or an amount, off the line before."""
    d, percent = line["derivation"], _PERCENT.search(line["description"])
    if percent is not None:
        _share(line, int(Decimal(percent[1]) * 100), HUNDREDTHS_OF_PERCENT, "half_up")
    else:
        _share(line, 1, 1, "exact")
    if facts.is_part:
        return
    of = next((one for one in reversed(facts.lines) if one["n"] < line["n"]), None)
    amount = of["amount"] if of else 0
    if percent is not None:
        demand(d["price"] == -amount, f"{name_of(line)} is over {-d['price']}, the line before it over {amount}.")
    less = 0 if percent is not None else min(amount + d["price"], 0)
    demand(d["less"] == less, f"{name_of(line)} takes off more than the line before it is over.")


def _item(line: Line, facts: ProvenFacts) -> None:
    """Bill a one-off item at the amount that was agreed."""
    _share(line, 1, 1, "exact")
    for item in (one for one in facts.proof["items"] if one["line"] == line["n"]):
        price = line["derivation"]["price"]
        fits = facts.is_corrected or price == item["unit_amount"]
        demand(fits, f"{name_of(line)} has the price {price}, and {item['unit_amount']} was agreed.")
        _quantity(line, facts, item["quantity"])


def _credit_to_balance(line: Line, facts: ProvenFacts) -> None:
    """Put onto the customer's balance what the credits exceed the charges by."""
    _share(line, 1, 1, "exact")
    owed = -sum(one["amount"] for one in facts.lines if one["n"] != line["n"])
    demand(line["amount"] == owed, f"{name_of(line)} is over {line['amount']}, where the lines leave {owed}.")


def _tax(line: Line, facts: ProvenFacts) -> None:
    """Charge a rate on all that is priced, once; what Stripe computed is Stripe's."""
    d, applied = line["derivation"], line["applied_tax"]
    demand(line["tax"] == unit_of(d), f"{name_of(line)} has the tax {line['tax']}, its rate comes to {unit_of(d)}.")
    inclusive = applied["inclusive"]
    contained = line["tax"] if inclusive else 0
    demand(d["less"] == contained, f"{name_of(line)} takes {d['less']} off, where prices contain {contained}.")
    if d["note"]:
        demand(facts.proof["invoice"]["automatic_tax"], f"{name_of(line)} is not from Stripe Tax.")
        return
    priced = sum(one["amount"] for one in facts.lines if one["kind"] not in ("tax", "credit_to_balance"))
    demand(d["price"] == priced, f"{name_of(line)} is on {d['price']}, the lines come to {priced}.")
    numerator, denominator = tax_share(line, facts)
    _share(line, numerator, denominator, "half_up")


def tax_share(line: Line, facts: ProvenFacts) -> tuple[int, int]:
    """Return which part of the priced lines a rate takes."""
    parts = [int(Decimal(one["applied_tax"]["percent"]) * 10_000) for one in facts.lines if one["kind"] == "tax"]
    mine = int(Decimal(line["applied_tax"]["percent"]) * 10_000)
    return mine, 1_000_000 + (sum(parts) if line["applied_tax"]["inclusive"] else 0)


def check_amount(line: Line, facts: ProvenFacts) -> None:
    """Demand that a line's amount is what its derivation comes to; raises `ProofFault`."""
    d, name = line["derivation"], name_of(line)
    demand(
        d["step"] == facts.step, f"{name} is charged in steps of {d['step']} minor units, its currency in {facts.step}."
    )
    exact = Fraction(d["price"] * d["numerator"], d["denominator"])
    unit = rounded(exact, d["rounding"], d["step"]) - d["less"]
    demand(line["unit_amount"] == unit, f"{name} has the unit amount {line['unit_amount']}, and comes to {unit}.")
    demand(line["quantity"] == d["quantity"], f"{name} bills {line['quantity']} units, its derivation {d['quantity']}.")
    amount = unit * d["quantity"]
    demand(line["amount"] == amount, f"{name} is over {line['amount']}, and comes to {amount}.")
    for of_line, of_period in (("period_start", "start"), ("period_end", "end")):
        same = moment(line[of_line]) == moment(d["period"][of_period])
        demand(same, f"{name} is for another period than its derivation.")


RULES: Mapping[str, Callable[[Line, ProvenFacts], None]] = {
    **dict.fromkeys(("initial_upgrade", "renewal", "add_on"), _whole_cycle),
    **dict.fromkeys(("fixed_price_upgrade", "fixed_price_renewal"), _fixed_price),
    **dict.fromkeys(("additional_licenses", "additional_add_on"), _addition),
    **dict.fromkeys(("end_date_change", "add_on_end_date_change"), _end_date_change),
    "flat_discount": _flat_discount,
    "coupon": _coupon,
    "item": _item,
    "credit_to_balance": _credit_to_balance,
    "tax": _tax,
}

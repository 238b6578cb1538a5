"""The rule of each kind of line: which price, share, quantity and period it must have."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from billflow_verify.amounts import HUNDREDTHS_OF_PERCENT, microseconds, moment, rounded
from billflow_verify.end_dates import check_end_date_change
from billflow_verify.facts import Billed, Line, ProvenInvoice, name_of
from billflow_verify.faults import demand
from billflow_verify.parts import part_of

_MONTHS = 12
_INSTALMENT = re.compile(r"instalment (\d+) of 12(, which add up exactly)?")
_PERCENT = re.compile(r": ([0-9.]+)% off")
_NOT_DISCOUNTED = ("item", "add_on", "additional_add_on", "add_on_end_date_change", "tax", "credit_to_balance")
_DIVIDED = "divided"


def check_rule(line: Line, billed: Billed) -> None:
    """Demand that a line is as the rule of its kind says; raises `ProofFault`."""
    rule = RULES.get(line["kind"])
    demand(rule, f"{name_of(line)} is of the kind {line['kind']!r}, which no rule knows.")
    if rule is not None:
        rule(line, billed)


def check_part(line: Line) -> None:
    """Demand that a part of a unit is one of equal parts, the larger ones first; raises `ProofFault`."""
    found = part_of(line)
    if found is not None:
        d, (number, count) = line["derivation"], found
        demand(1 <= number <= count, f"{name_of(line)} is part {number} of {count}.")
        _share(line, 1, count, "up" if number <= d["price"] // d["step"] % count else "down")


def _share(line: Line, numerator: int, denominator: int, rounding: str) -> None:
    d = line["derivation"]
    share = d["numerator"], d["denominator"]
    demand(share == (numerator, denominator), f"{name_of(line)} bills {share[0]}/{share[1]} of its price.")
    demand(
        d["rounding"] == rounding, f"{name_of(line)} is rounded {d['rounding']!r}, where the rule says {rounding!r}."
    )


def _price(line: Line, billed: Billed, name: str) -> None:
    known = billed.facts.prices(name)
    price = line["derivation"]["price"]
    demand(not known or price in known, f"{name_of(line)} has the price {price}, which the plan never had.")


def _quantity(line: Line, expected: int) -> None:
    quantity = line["quantity"]
    demand(quantity == expected, f"{name_of(line)} bills {quantity} units, and the ledger says {expected}.")


def _entries(line: Line, billed: Billed) -> list[Mapping[str, object]]:
    """Return the ledger entries of a line; only a purchase has none, until it is paid."""
    bought = billed.invoices[0].invoice["kind"] != "recurring"
    demand(line["entries"] or bought, f"{name_of(line)} bills no ledger entry.")
    return [dict(billed.facts.entry(seq)) for seq in line["entries"]]


def _begins(line: Line, event_time: object) -> None:
    start = line["derivation"]["period"]["start"]
    same = moment(start) == moment(str(event_time))
    demand(same, f"{name_of(line)} begins at {start}, its ledger entry at {event_time}.")


def _whole_cycle(line: Line, billed: Billed) -> None:
    """Bill licenses, or units of an add-on, for a cycle in advance."""
    _share(line, 1, 1, "exact")
    demand(line["derivation"]["less"] == 0, f"{name_of(line)} takes something off a whole cycle.")
    for entry in _entries(line, billed):
        _quantity(line, int(str(entry["licenses"])))
        if billed.invoices[0].invoice["kind"] == "recurring":
            _begins(line, entry["event_time"])
    if line["kind"] == "add_on":
        _add_on_price(line, billed)
    else:
        _price(line, billed, "price_per_license")


def _add_on_price(line: Line, billed: Billed) -> None:
    for entry in _entries(line, billed)[:1]:
        price = line["derivation"]["price"]
        demand(price == entry["price"], f"{name_of(line)} has the price {price}, and the ledger says {entry['price']}.")


def _addition(line: Line, billed: Billed) -> None:
    """Bill what was added within a cycle for the rest of it."""
    entries = _entries(line, billed)
    _begins(line, entries[0]["event_time"])
    _quantity(line, sum(map(billed.facts.added, line["entries"])))
    d = line["derivation"]
    if d["note"] == _DIVIDED:
        return
    _of_cycle(line)
    charged = microseconds(d["period"]["start"], d["period"]["end"])
    demand(d["numerator"] == charged, f"{name_of(line)} charges {d['numerator']} of {charged} microseconds.")
    demand(d["less"] == 0, f"{name_of(line)} takes something off an addition.")
    if line["kind"] == "additional_add_on":
        _add_on_price(line, billed)
    else:
        _price(line, billed, "price_per_license")


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


def _end_date_change(line: Line, billed: Billed) -> None:
    """Bill, or credit, what an addition costs otherwise now that the plan's end date moved."""
    if line["derivation"]["note"] == _DIVIDED:
        return
    _of_cycle(line)
    check_end_date_change(line, billed)


def check_instalment(line: Line, note: str | None) -> bool:
    """Demand that a fixed price is billed as *note* says, and tell whether that is as an instalment."""
    d, found = line["derivation"], _INSTALMENT.match(note or "")
    if found is None:
        return False
    larger = int(found[1]) - 1 < d["price"] // d["step"] % _MONTHS
    _share(line, 1, _MONTHS, "up" if larger or not found[2] else "down")
    return True


def _fixed_price(line: Line, billed: Billed) -> None:
    """Bill a fixed price: the year at once, or one of twelve instalments."""
    d = line["derivation"]
    demand((d["less"], d["quantity"]) == (0, 1), f"{name_of(line)} bills a fixed price more or less than once.")
    for entry in _entries(line, billed):
        if billed.invoices[0].invoice["kind"] == "recurring":
            _begins(line, entry["event_time"])
    if d["note"] == _DIVIDED:
        parts = {part for price in billed.facts.prices("fixed_price") for part in _instalments(price, d["step"])}
        demand(not parts or d["price"] in parts, f"{name_of(line)} has the price {d['price']}, which is no instalment.")
        return
    if not check_instalment(line, d["note"]):
        demand(d["note"] == "fixed price", f"{name_of(line)} is neither a fixed price nor an instalment of one.")
        _share(line, 1, 1, "exact")
    _price(line, billed, "fixed_price")


def _instalments(yearly: int, step: int) -> set[int]:
    return {yearly, *(rounded(Fraction(yearly, _MONTHS), rounding, step) for rounding in ("up", "down"))}


def _flat_discount(line: Line, billed: Billed) -> None:
    """Take an amount off for each month, but no more than is charged for licenses."""
    d = line["derivation"]
    _share(line, d["numerator"], 1, "exact")
    demand(1 <= d["numerator"] <= _MONTHS and d["price"] < 0, f"{name_of(line)} is no discount for 1 to 12 months.")
    allowed = [min(_discountable(lines) + d["price"] * d["numerator"], 0) for lines in billed.beside(line)]
    demand(d["less"] in allowed, f"{name_of(line)} takes off {d['less'] - allowed[0]} too much or too little.")


def _discountable(lines: list[Line]) -> int:
    counted = (one for one in lines if one["kind"] not in (*_NOT_DISCOUNTED, "flat_discount"))
    return sum(one["amount"] for one in counted if (one["amount"] > 0) is not (one["kind"] == "coupon"))


def _coupon(line: Line, billed: Billed) -> None:
    """Take a percentage, or an amount, off the line before; of an invoice in parts off one with its period."""
    d, percent = line["derivation"], _PERCENT.search(line["description"])
    if percent is not None:
        _share(line, int(Decimal(percent[1]) * 100), HUNDREDTHS_OF_PERCENT, "half_up")
    else:
        _share(line, 1, 1, "exact")
    own, *whole = billed.beside(line)
    before = next((one for one in reversed(own) if one["n"] < line["n"]), None)
    amounts = [before["amount"] if before else 0]
    of_period = (one for lines in whole for one in lines if one["derivation"]["period"] == d["period"])
    amounts += [one["amount"] for one in of_period if one["kind"] not in (*_NOT_DISCOUNTED, "coupon", "flat_discount")]
    if percent is not None:
        demand(-d["price"] in amounts, f"{name_of(line)} is over {-d['price']}, the line before it over {amounts[0]}.")
    allowed = [0] if percent is not None else [min(amount + d["price"], 0) for amount in amounts]
    demand(d["less"] in allowed, f"{name_of(line)} takes off more than the line before it is over.")


def _item(line: Line, billed: Billed) -> None:
    """Bill a one-off item at the amount that was agreed."""
    _share(line, 1, 1, "exact")
    item = next((one for one in billed.facts.proof["items"] if one["seq"] == line["item"]), None)
    demand(item, f"{name_of(line)} bills no item of the proof.")
    if item is not None:
        price = line["derivation"]["price"]
        fits = price == item["unit_amount"]
        demand(fits, f"{name_of(line)} has the price {price}, and {item['unit_amount']} was agreed.")
        quantity = line["quantity"]
        demand(
            quantity == item["quantity"], f"{name_of(line)} bills {quantity} units, and {item['quantity']} were agreed."
        )


def _credit_to_balance(line: Line, billed: Billed) -> None:
    """Put onto the customer's balance what the credits exceed the charges by."""
    _share(line, 1, 1, "exact")
    owed = -sum(one["amount"] for invoice in billed.invoices for one in invoice.lines if one["n"] != line["n"])
    demand(line["amount"] == owed, f"{name_of(line)} is over {line['amount']}, where the lines leave {owed}.")


def check_amount(line: Line, invoice: ProvenInvoice) -> None:
    """Demand that a line's amount is what its derivation comes to; raises `ProofFault`."""
    d, name = line["derivation"], name_of(line)
    demand(
        d["step"] == invoice.step,
        f"{name} is charged in steps of {d['step']} minor units, its currency in {invoice.step}.",
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


RULES: Mapping[str, Callable[[Line, Billed], None]] = {
    **dict.fromkeys(("initial_upgrade", "renewal", "add_on"), _whole_cycle),
    **dict.fromkeys(("fixed_price_upgrade", "fixed_price_renewal"), _fixed_price),
    **dict.fromkeys(("additional_licenses", "additional_add_on"), _addition),
    **dict.fromkeys(("end_date_change", "add_on_end_date_change"), _end_date_change),
    "flat_discount": _flat_discount,
    "coupon": _coupon,
    "item": _item,
    "credit_to_balance": _credit_to_balance,
}

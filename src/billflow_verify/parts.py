"""Lines that were divided among several invoices, because one charge would have been too large, put together again."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from billflow_verify.facts import Line, ProvenInvoice, name_of
from billflow_verify.faults import demand

_PART = re.compile(r"part (\d+) of (\d+)")
_ADDITIONS = ("additional_licenses", "additional_add_on")
_END_DATE_CHANGES = ("end_date_change", "add_on_end_date_change")
_UNDIVIDED = ("coupon", "flat_discount", "credit_to_balance")


def whole_lines(invoices: Sequence[ProvenInvoice]) -> list[Line]:
    """Return the lines of *invoices* without tax, those that are parts of one put together; raises `ProofFault`."""
    lines = [line for one in invoices for line in one.without_tax]
    groups: list[list[Line]] = []
    for line in lines:
        begun = next((group for group in reversed(groups) if _goes_on(group[0], line)), None)
        if begun is None:
            groups.append([line])
        else:
            begun.append(line)
    return [_joined(group) for group in groups]


def _goes_on(first: Line, line: Line) -> bool:
    """Tell whether *line* is a further part of the line that *first* begins."""
    if line["entries"] or line["item"] is not None or line["kind"] in _UNDIVIDED or not _same_unit(first, line):
        return False
    if line["kind"] in _ADDITIONS:
        return line["adjusts"] in first["entries"][:1]
    return bool(line["adjusts"] == first["adjusts"])


def _same_unit(first: Line, line: Line) -> bool:
    names = ("kind", "description", "period_start", "period_end")
    return all(first[name] == line[name] for name in names) and _unit(first) == _unit(line)


def _unit(line: Line) -> Mapping[str, Any]:
    d = line["derivation"]
    found = part_of(line)
    left_out = ("quantity", "rounding", "note") if found else ("quantity",)
    return {name: value for name, value in d.items() if name not in left_out} | {"count": found and found[1]}


def part_of(line: Line) -> tuple[int, int] | None:
    """Return which part of how many a line is of one unit, None where it is not divided by its amount."""
    found = _PART.fullmatch(line["derivation"]["note"] or "")
    return (int(found[1]), int(found[2])) if found else None


def _joined(group: Sequence[Line]) -> Line:
    first = group[0]
    found = [part_of(line) for line in group]
    quantity = sum(line["quantity"] for line in group)
    derivation = {**first["derivation"], "quantity": quantity}
    if found[0] is not None:
        numbers, count = sorted(part[0] for part in found if part), found[0][1]
        units = quantity // count
        whole = [number for number in range(1, count + 1) for _ in range(units)]
        demand(numbers == whole, f"{name_of(first)} is one of {count} parts, and not all are there.")
        derivation |= {"numerator": 1, "denominator": 1, "rounding": "exact", "quantity": units, "note": "divided"}
    elif len(group) == 1:
        return first
    amount = sum(line["amount"] for line in group)
    return {**first, "derivation": derivation, "quantity": derivation["quantity"], "amount": amount}

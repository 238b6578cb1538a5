"""What an addition costs more or less because the plan's end date moved: less what other invoices billed of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from billflow_verify.amounts import moment
from billflow_verify.facts import Billed, Line, name_of
from billflow_verify.faults import demand

_ADDITION_OF = {"end_date_change": "additional_licenses", "add_on_end_date_change": "additional_add_on"}
_UNIT = ("price", "denominator", "cycle", "step", "rounding")


def check_end_date_change(line: Line, billed: Billed) -> None:
    """Demand that a line bills the difference to what was billed so far of the addition; raises `ProofFault`."""
    d = line["derivation"]
    about = list(billed.facts.lines_about(line["adjusts"], billed.invoices))
    of_kind = [one for one in about if one["kind"] == _ADDITION_OF[line["kind"]]]
    added = next((one for one in of_kind if line["adjusts"] in one["entries"]), None)
    demand(added, f"{name_of(line)} adjusts what no invoice of the proof bills.")
    if added is None:
        return
    same = all(d[name] == added["derivation"][name] for name in _UNIT)
    demand(same, f"{name_of(line)} has another price or cycle than the line that it adjusts.")
    units = sum(one["quantity"] for one in of_kind)
    demand(line["quantity"] == units, f"{name_of(line)} is for {line['quantity']} units, and {units} were added.")
    changes = _changes([one for one in about if one["kind"] == line["kind"]])
    so_far = added["unit_amount"] + sum(one["unit_amount"] for one in changes)
    demand(d["less"] == so_far, f"{name_of(line)} takes off {d['less']}, and {so_far} were billed before.")
    _check_period(line, added, changes)


def _changes(lines: Sequence[Line]) -> list[Line]:
    """Return the changes before, each once: the parts of one are alike but for their units."""
    units: list[Line] = []
    seen: list[object] = []
    for line in lines:
        unit = {**line["derivation"], "quantity": 1}
        if unit not in seen:
            seen.append(unit)
            units.append(line)
    return units


def _check_period(line: Line, added: Line, changes: Sequence[Line]) -> None:
    d = line["derivation"]
    begun = moment(added["derivation"]["period"]["start"])
    ends = [_end(begun, one) for one in (changes[-1] if changes else added, line)]
    said = [moment(d["period"][name]) for name in ("start", "end")]
    demand(said == sorted(ends), f"{name_of(line)} is not for the time between the end before and the end now.")


def _end(begun: datetime, line: Line) -> datetime:
    return begun + timedelta(microseconds=line["derivation"]["numerator"])

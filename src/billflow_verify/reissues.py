"""An invoice that was issued again: each line is the one it stands for, or one that a person corrected."""

import re

from billflow_verify.facts import Billed, Line, ProvenFacts, ProvenInvoice, name_of
from billflow_verify.faults import demand
from billflow_verify.line_rules import check_instalment, check_rule

_CORRECTED = re.compile(r"(?:(.*), )?corrected, (\d+) x .* before")
_AS_BILLED = ("kind", "description", "quantity", "unit_amount", "amount", "period_start", "period_end", "derivation")
_KEPT = ("kind", "description", "period_start", "period_end")
_KEPT_OF_DERIVATION = ("less", "step", "period", "cycle", "numerator", "denominator")
_MAY_LAPSE = ("flat_discount", "coupon", "credit_to_balance")
_FOLLOWS = ("flat_discount", "coupon")


def check_reissue(new: ProvenInvoice, old: ProvenInvoice, facts: ProvenFacts) -> None:
    """Demand that *new* bills what *old* did, with nothing changed but by correction; raises `ProofFault`."""
    demand(new.invoice["currency"] == old.invoice["currency"], "The invoice was issued again in another currency.")
    stands_for = {line["n"] if line["replaces"] is None else line["replaces"]: line for line in old.without_tax}
    billed = Billed(facts, [new], new.without_tax)
    for line in new.without_tax:
        before = stands_for.pop(line["replaces"], None)
        demand(before, f"{name_of(line)} stands for no line of the invoice that was issued again.")
        if before is not None:
            _check_line(line, before, billed)
    dropped = [line for line in stands_for.values() if line["kind"] not in _MAY_LAPSE]
    demand(not dropped, f"{name_of(dropped[0])} of the invoice before was dropped." if dropped else "")


def _check_line(line: Line, before: Line, billed: Billed) -> None:
    if all(line[name] == before[name] for name in _AS_BILLED):
        return
    same = all(line[name] == before[name] for name in _KEPT)
    demand(same, f"{name_of(line)} is another line than the one it stands for.")
    if line["kind"] in _FOLLOWS:
        check_rule(line, billed)
    else:
        _check_correction(line, before)


def _check_correction(line: Line, before: Line) -> None:
    d, old = line["derivation"], before["derivation"]
    found = _CORRECTED.fullmatch(d["note"] or "")
    demand(found, f"{name_of(line)} differs from the one it stands for, and was not corrected.")
    quantity = int(found[2]) if found else 0
    demand(quantity == old["quantity"], f"{name_of(line)} billed {old['quantity']} units before, not {quantity}.")
    demand((found and found[1]) == old["note"], f"{name_of(line)} is not noted as the line it stands for.")
    kept = all(d[name] == old[name] for name in _KEPT_OF_DERIVATION)
    demand(kept, f"{name_of(line)} has another share or period than the line it stands for.")
    if not check_instalment(line, old["note"]):
        demand(d["rounding"] == old["rounding"], f"{name_of(line)} is rounded otherwise than the line it stands for.")

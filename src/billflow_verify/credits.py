"""The credit of a change of tier: what was kept of the running cycle's lines, for the time that is left of them."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from billflow_verify.amounts import microseconds, moment, rounded, step_of
from billflow_verify.faults import demand


def check_credits(contents: Iterable[Mapping[str, Any]], currency: str) -> None:
    """Demand that each credit that the audit log names is what its lines come to, rounded up once."""
    for content in contents:
        credit = (content["detail"] or {}).get("tier_change_credit")
        if credit is not None:
            exact = sum((_unused(line, credit["at"]) for line in credit["lines"]), Fraction(0))
            owed = max(rounded(exact, "up", step_of(currency)), 0)
            demand(credit["amount"] == owed, f"The change of tier credits {credit['amount']}, and {owed} were left.")


def _unused(line: Mapping[str, Any], at: str) -> Fraction:
    start, end = line["period"]["start"], line["period"]["end"]
    begin = min(max(moment(at), moment(start)), moment(end)).isoformat()
    return Fraction(line["kept"]) * Fraction(microseconds(begin, end), microseconds(start, end))

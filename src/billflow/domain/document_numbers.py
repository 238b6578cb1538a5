"""The numbers of credit notes and refunds: each kind has one series in an organization, without gaps."""

import re
from typing import Literal

AdjustmentNoun = Literal["credit_note", "refund"]

_PREFIXES: dict[AdjustmentNoun, str] = {"credit_note": "CN", "refund": "RF"}
_NUMBER = re.compile(r"(?P<prefix>[A-Z]{2})-(?P<n>\d{6,12})")


def document_number(kind: AdjustmentNoun, n: int) -> str:
    """Return the number of the *n*-th document of a kind, counted from 1: `CN-000042`."""
    return f"{_PREFIXES[kind]}-{n:06d}"


def n_of_document(kind: AdjustmentNoun, number: str) -> int | None:
    """Return which document of a kind has that number, None for what is none of its numbers."""
    found = _NUMBER.fullmatch(number.strip().upper())
    return int(found["n"]) if found and found["prefix"] == _PREFIXES[kind] else None

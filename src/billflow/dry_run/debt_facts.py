"""The debts of customers in a file of JSON lines: format 2, which no version before it reads.

The first line is the header, the second today's policy; each other is one customer with what it owes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from billflow.domain.debts import Debtor
from billflow.domain.dunning import DunningPolicy
from billflow.dry_run.facts_file import FactsHeader, as_line, checked_header, header_line, write_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDebtor:
    """A customer with its debts at `now`: the moment of the snapshot, or where its test clock stood then."""

    now: datetime
    debtor: Debtor


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDebts:
    """What a file of debts holds: today's policy, and the customers."""

    policy: DunningPolicy
    debtors: Iterator[RecordedDebtor]


_POLICY, _DEBTOR = TypeAdapter(DunningPolicy), TypeAdapter(RecordedDebtor)


def write_debts(path: Path, header: FactsHeader, policy: DunningPolicy, debtors: Iterable[RecordedDebtor]) -> None:
    """Write customers with their debts to a file that only its owner reads."""
    lines = [header_line(header), as_line(_POLICY, policy), *(as_line(_DEBTOR, one) for one in debtors)]
    write_lines(path, lines)


def read_debts(path: Path) -> RecordedDebts:
    """Return what a file holds; raises `InvalidInput` for one of a later format."""
    header, policy, *debtors = path.read_bytes().splitlines()
    checked_header(header)
    return RecordedDebts(policy=_POLICY.validate_json(policy), debtors=map(_DEBTOR.validate_json, debtors))

"""What became of each row of an import, and the file that says so."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billflow.csv_lines import csv_lines
from billflow.imports.bundles import Bundles
from billflow.imports.files import FileRow

COLUMNS = ("kind", "external_id", "outcome", "id", "mapped", "code", "field", "message", "file", "line")
FILES = {"customer": "customers", "plan": "plans", "invoice": "invoices"}
"""Which file a row of an answer came from."""


@dataclass(slots=True)
class ImportReport:
    """Every row with its outcome; `written` tells that what could be taken was."""

    written: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add_refused(self, bundles: Bundles) -> None:
        """Note rows that were refused before anything was asked, and those that are held back with them."""
        for left in bundles.left_out:
            self._add({**_about(left), "outcome": "held_back"})
        for outcome, rows in (("ignored", bundles.ignored), ("refused", bundles.refused)):
            for one in rows:
                why = {"code": one.code, "field": one.field, "message": one.message}
                self._add({**_about(one.row), "outcome": outcome, **why})

    def add_answered(self, rows: Iterable[Mapping[str, Any]], bundles: Bundles) -> None:
        """Note what the API answered of rows, with where each came from."""
        for row in rows:
            source = bundles.sources.get((FILES[row["kind"]], row["external_id"]))
            where = {"file": source.file, "line": source.line} if source else {}
            self._add({**row, **where})

    def add_partial(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Note which more rows the API refuses of customers that are held back."""
        held = {(row["kind"], row["external_id"]): row for row in self.rows if row["outcome"] == "held_back"}
        for row in rows:
            known = held.get((row["kind"], row["external_id"]))
            if known is not None and row["outcome"] == "refused":
                known |= {name: row[name] for name in ("outcome", "code", "field", "message")}

    def _add(self, row: Mapping[str, Any]) -> None:
        self.rows.append({name: row.get(name) for name in COLUMNS})

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows have each outcome."""
        return dict(sorted(Counter(str(row["outcome"]) for row in self.rows).items()))

    @property
    def sentence(self) -> str:
        """Say how many of each kind were taken, or can be, and how many records were not."""
        taken = Counter(str(row["kind"]) for row in self.rows if row["outcome"] == "imported")
        kinds = [f"{taken[kind]:,} {kind}{'' if taken[kind] == 1 else 's'}" for kind in FILES if taken[kind]]
        others = {outcome: number for outcome, number in self.counts.items() if outcome != "imported"}
        rest = [f"{number:,} {outcome.replace('_', ' ')}{self._why(outcome)}" for outcome, number in others.items()]
        begin = "Imported" if self.written else "Checked, nothing written; can be imported"
        return "; ".join([f"{begin}: {', '.join(kinds) or 'nothing'}", *rest]) + "."

    def _why(self, outcome: str) -> str:
        """Return for what reasons records are ignored: those that are refused are listed with theirs."""
        codes = sorted({str(row["code"]) for row in self.rows if row["outcome"] == outcome == "ignored"})
        return f" ({', '.join(codes)})" if codes else ""

    @property
    def refusals(self) -> list[dict[str, Any]]:
        """Return the rows that can't be taken."""
        return [row for row in self.rows if row["outcome"] == "refused"]

    @property
    def reasons(self) -> dict[str, int]:
        """Return how many rows were refused for each reason, the most frequent first."""
        return dict(Counter(str(row["code"]) for row in self.refusals).most_common())

    def data(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {"written": self.written, "counts": self.counts, "reasons": self.reasons, "records": self.rows}

    def text_for(self, file: Path) -> str:
        """Return what to write to a file: CSV where it ends so, JSON otherwise."""
        if file.suffix == ".csv":
            cells = [[_cell(row[name]) for name in COLUMNS] for row in self.rows]
            return csv_lines([list(COLUMNS), *cells])
        return json.dumps(self.data(), indent=2, ensure_ascii=False, default=str) + "\n"


def _about(row: FileRow) -> dict[str, Any]:
    named = {"kind": row.kind.removesuffix("s"), "external_id": row.values.get("external_id")}
    return {**named, "file": row.file, "line": row.line}


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else value

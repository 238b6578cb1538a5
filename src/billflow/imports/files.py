"""A folder in the neutral format: one file for each kind of row, as CSV, JSON lines or a JSON list."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billflow.domain.errors import InvalidInput
from billflow.imports.objects import read_objects, read_text
from billflow.models.contracts.base import Contract
from billflow.models.contracts.imports import (
    CustomerOpening,
    InvoiceLineOpening,
    InvoiceOpening,
    LedgerOpening,
    PlanOpening,
    SeatOpening,
)

KINDS: Mapping[str, type[Contract]] = {
    "customers": CustomerOpening,
    "plans": PlanOpening,
    "ledger": LedgerOpening,
    "seats": SeatOpening,
    "invoices": InvoiceOpening,
    "invoice_lines": InvoiceLineOpening,
}
"""The files of a folder by their names, and what each row of one is."""

CSV, JSON = (".csv",), (".jsonl", ".json")


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row as it was read: which kind, from where, and its values."""

    kind: str
    file: str
    line: int
    values: dict[str, Any]


def read_folder(
    folder: Path, endings: tuple[str, ...], kinds: Iterable[str] = KINDS, *, needed: str = "customers"
) -> list[FileRow]:
    """Return every row of a folder's files of some *kinds*; raises `InvalidInput` for one that can't be read.

    It raises that too where the *needed* file is missing.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder; name one with {needed}{endings[0]}.", field="folder")
    found = [(kind, folder / f"{kind}{ending}") for kind in kinds for ending in endings]
    files = [(kind, file) for kind, file in found if file.exists()]
    if not any(kind == needed for kind, _ in files):
        raise InvalidInput(f"{folder} has no {needed}{endings[0]}; write it first.", field="folder")
    return [row for kind, file in files for row in _rows(kind, file)]


def _rows(kind: str, file: Path) -> Iterator[FileRow]:
    for line, values in _csv_rows(file) if file.suffix in CSV else read_objects(file):
        yield FileRow(kind, file.name, line, values)


def _csv_rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(read_text(file), newline=""), restkey="", strict=True)
    try:
        _check_columns([name.strip() for name in reader.fieldnames or ()], file)
        for row in reader:
            if "" in row:
                raise InvalidInput(
                    f"{file}, line {reader.line_num}, has more cells than the first line.", field="folder"
                )
            yield reader.line_num, _nested({name.strip(): cell.strip() for name, cell in row.items() if cell})
    except csv.Error as error:
        raise InvalidInput(f"{file}, line {reader.line_num}, is no CSV: {error}.", field="folder") from None


def _check_columns(names: list[str], file: Path) -> None:
    """Refuse names of columns that don't say where a cell belongs, or which of two counts."""
    if len(names) == 1 and ";" in names[0]:
        raise InvalidInput(f"{file} has semicolons between its columns; save it with commas.", field="folder")
    inner = {".".join(parts[:n]) for parts in (name.split(".") for name in names) for n in range(1, len(parts))}
    for name in names:
        if not all(name.split(".")):
            raise InvalidInput(f"{file} has a column {name!r}; give it the name of a field.", field="folder")
        if names.count(name) > 1:
            raise InvalidInput(f"{file} has the column {name} twice; leave one out.", field="folder")
        if name in inner:
            raise InvalidInput(
                f"{file} has a column {name}, and one of a field within {name}; leave one out.", field="folder"
            )


def _nested(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the cells that have something, `billing_address.city` as a value within an object."""
    nested: dict[str, Any] = {}
    for name, cell in row.items():
        if not cell:
            continue
        *path, last = name.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = cell
    return nested

"""Tables on documents: columns, and rows whose every cell is a text as it is to be printed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_ROUNDED = 0.99
"""What is left of a size for the rounding of widths."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its width is in millimetres, and what has `right` is flush right."""

    name: str
    width: float
    right: bool = True


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: a text for each column, small print below the first one; a sum is bold.

    `running` is the sum down to it, which a page ends with where the rows go on on the next.
    """

    cells: tuple[str, ...]
    small: tuple[str, ...] = ()
    bold: bool = False
    running: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """A table with its title; together the columns are as wide as the page between its margins."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]


def fitting_size(
    size: float, columns: Sequence[Column], rows: Sequence[TableRow], gap: float, width_of: Callable[[str], float]
) -> float:
    """Return the size of letters, at most *size*, at which no number takes two rows.

    *width_of* is how wide a text is at *size*; *gap* is what each column leaves free, in millimetres like that.
    """
    cells = [(column, text) for row in rows for column, text in zip(columns, row.cells, strict=True) if column.right]
    fullest = max((width_of(text) / (column.width - gap) for column, text in cells), default=0)
    return size if fullest <= 1 else size / fullest * _ROUNDED

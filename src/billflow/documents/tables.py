"""Tables on documents: columns, and rows whose every cell is a text as it is to be printed."""

from dataclasses import dataclass


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

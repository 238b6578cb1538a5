"""Where in the text of a TOML file something stands, for those who are told what is wrong with it."""

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*(?P<path>[^\]]+?)\s*\]")
_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*(?P<path>{_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_PART = re.compile(_NAME)


def line_of(text: str, place: str) -> int | None:
    """Return the line, from 1, that says most of a *place* such as `tier.team.prices.EUR`; None where none does."""
    wanted = tuple(place.split("."))
    best, found = 0, None
    for number, path in _paths(text):
        said = len(path)
        if best < said <= len(wanted) and wanted[:said] == path:
            best, found = said, number
    return found


def _paths(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """Return the lines that begin a table or a value, with the path of that; the rows of a table of tables count."""
    table: tuple[str, ...] = ()
    paths, rows = [], dict[tuple[str, ...], int]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header["path"])
            if header[1] == "[[":
                rows[table] = rows.get(table, -1) + 1
                table = (*table, str(rows[table]))
            paths.append((number, table))
        elif key := _KEY.match(line):
            paths.append((number, (*table, *_parts(key["path"]))))
    return paths


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(path))

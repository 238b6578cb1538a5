"""Say which lines of its function a mutant of mutmut changes: those of the statements that differ, 0 the `def`."""

import ast
from functools import cache
from itertools import takewhile
from pathlib import Path
from textwrap import dedent

from mutmut.mutation.data import LineSpan, MutantLineSpans


def changed_lines(path: Path, name: str) -> set[int]:
    """Return the lines that run where the mutant *name* of the file *path* differs; 0 is the line of the `def`."""
    original, mutant = lines_of(path, f"{name.rpartition('__mutmut_')[0]}__mutmut_orig"), lines_of(path, name)
    before = _alike(original[1:], mutant[1:]) + 1
    after = _alike(original[:before:-1], mutant[:before:-1])
    statements = _statements("".join(original))
    everywhere = set(range(len(original)))
    if before >= len(original):
        return everywhere
    changed: set[int] = set()
    for line in range(before, max(len(original) - after, before + 1)):
        changed |= _innermost(statements, line) or everywhere
    return changed


def lines_of(path: Path, name: str) -> list[str]:
    """Return the lines of a function that mutmut made, from its `def` on."""
    span = _spans(path)[name]
    return from_def(file_lines(Path("mutants").absolute() / path)[span.start - 1 : span.end])


def from_def(lines: list[str]) -> list[str]:
    """Leave out what comes before a function's `def`."""
    return lines[len(list(takewhile(lambda line: not line.lstrip().startswith("def "), lines))) :]


@cache
def file_lines(file: Path) -> list[str]:
    """Return a file's lines with their ends."""
    return file.read_text().splitlines(keepends=True)


@cache
def _spans(path: Path) -> dict[str, LineSpan]:
    spans = MutantLineSpans.load(path)
    return dict(spans.span_by_function_name) if spans else {}


def _alike(some: list[str], others: list[str]) -> int:
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))))


@cache
def _statements(function: str) -> list[tuple[range, range]]:
    """Return, for each statement of a function, the lines that it spans and those that run before what is inside it."""
    (tree,) = ast.parse(dedent(function)).body
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node is not tree]
    return [
        (range(node.lineno - 1, node.end_lineno or node.lineno), range(node.lineno - 1, _head(node))) for node in found
    ]


def _head(node: ast.stmt) -> int:
    if isinstance(node, ast.Match):
        return node.lineno
    inside = getattr(node, "body", None)
    return max(inside[0].lineno - 1, node.lineno) if inside else node.end_lineno or node.lineno


def _innermost(statements: list[tuple[range, range]], line: int) -> set[int]:
    around = [both for both in statements if line in both[0]]
    return set(max(around, key=lambda both: both[0].start)[1]) if around else set()

"""What a docstring puts in backticks is there: a module, class, function, field, value or word of the data."""

import ast
import builtins
import keyword
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.source import ROOT, modules, nodes_of, place

SRC = ROOT / "src"
NAME = re.compile(r"`([A-Za-z_]\w*(?:\.\w+)*)`")
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
ELSEWHERE = {
    "ActivityError": "Temporal's",
    "temporal_workflow": "a field that Temporal's logger adds",
    "pm_success_de": "a name of the emulator's that is made of two parts",
    "pm_failed_at": "a name of the emulator's that is made of two parts",
}


def docstrings() -> Iterator[tuple[Path, ast.AST, str]]:
    """Yield every docstring of our source, and whose it is."""
    for path in modules(SRC):
        for node in nodes_of(path):
            if isinstance(node, DOCUMENTED) and (text := ast.get_docstring(node)):
                yield path, node, text


def said_by(node: ast.AST) -> Iterator[str]:
    """Yield the names in a node, and the words of a text that is no docstring."""
    for attribute in ("name", "id", "attr", "arg", "module"):
        if isinstance(name := getattr(node, attribute, None), str):
            yield from name.split(".")
    for part in ast.iter_child_nodes(node) if not isinstance(node, ast.Expr) else ():
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from re.findall(r"\w+", part.value)


@cache
def known() -> frozenset[str]:
    """Return every name and word that our source and its data files hold."""
    paths = modules(SRC)
    names = {name for path in paths for node in nodes_of(path) for name in said_by(node)}
    data = [path for end in ("toml", "sql") for path in SRC.rglob(f"*.{end}")]
    words = {word for path in data for word in re.findall(r"\w+", path.read_text())}
    return frozenset(
        names | words | set(dir(builtins)) | set(keyword.kwlist) | {path.stem for path in paths} | ELSEWHERE.keys()
    )


def unknown(text: str) -> list[str]:
    """Return what a docstring names that is not there."""
    return [name for name in NAME.findall(text) if not known().issuperset(name.split("."))]


def test_docstrings_name_what_is_there() -> None:
    found = list(docstrings())

    assert len(found) > 3000
    assert [f"{place(path, node)}: {name}" for path, node, text in found for name in unknown(text)] == []


def test_a_name_that_is_nowhere_is_found() -> None:
    gone = "Payment" + "Methods"

    assert unknown(f"The port `{gone}` by Stripe; see `StripeGateway.collect`.") == [gone]

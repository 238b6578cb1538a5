"""The page on the seed documents names tests that exist."""

import ast
import re
from functools import cache

from tests.source import ROOT, tree

PAGE = ROOT / "docs" / "seeds.md"
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE.read_text())))
ROW = re.compile(r"^\| (?!feature|---)(.+?) \| (.+) \|$", re.MULTILINE)
DOCUMENTS = ["Customer aggregate", "Customer management data model", "Customers module", "Plans module"]


@cache
def names_in(path: str) -> frozenset[str]:
    functions = (
        node for node in ast.walk(tree(ROOT / path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(function.name for function in functions)


def test_a_named_test_exists() -> None:
    assert len(NAMED) > 80
    assert [path for path, _ in NAMED if not (ROOT / path).is_file()] == []
    assert [(path, name) for path, name in NAMED if name not in names_in(path)] == []


def test_every_feature_of_each_document_has_a_test() -> None:
    assert re.findall(r"^## (.+)$", PAGE.read_text(), re.MULTILINE) == DOCUMENTS
    rows = ROW.findall(PAGE.read_text())
    assert len(rows) > 80
    assert [feature for feature, tests in rows if "`tests/" not in tests] == []

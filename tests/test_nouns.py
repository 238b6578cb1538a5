"""One noun, one name: modules are called what the table of nouns in docs/architecture.md calls their subject."""

import re

import pytest

from tests.source import BILLFLOW, ROOT

ROW = re.compile(r"^\| (?P<noun>[a-z ]+) \| (?P<words>[a-z_]+(?:, [a-z_]+)*) \|$", re.MULTILINE)
LAYERS = ["store", "ports", "service", "payments", "activities", "workflows", "api/routes", "cli"]


def words() -> set[str]:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.split("## Nouns")[1].split("## ")[0]
    return {word for row in ROW.finditer(table) for word in row["words"].split(", ")}


def entries(layer: str) -> list[str]:
    """Return the names of a layer's modules and packages."""
    paths = (path for path in (BILLFLOW / layer).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists())
    return sorted(path.stem for path in paths if not path.stem.startswith("__"))


def is_named(name: str, known: set[str]) -> bool:
    return any(name == word or name.startswith(f"{word}_") for word in known)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_module_is_called_by_its_noun(layer: str) -> None:
    known = words()
    assert [name for name in entries(layer) if not is_named(name, known)] == []


def test_no_word_of_the_table_is_without_a_module() -> None:
    names = {name for layer in LAYERS for name in entries(layer)}
    assert sorted(word for word in words() if not any(is_named(name, {word}) for name in names)) == []

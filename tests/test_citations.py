"""Whoever follows a citation finds something: sections of the rules, decisions, files, tests and names exist."""

import re
from pathlib import Path

import pytest

from tests.citations import FORMS, Form, files, sections
from tests.source import ROOT

WRONG = {
    "rules": ("(rules 8.3, 99.1 and 4)", "99.1"),
    "section": ("see sections 4 and 99", "99"),
    "decision": ("decisions 0001 to 9999", "9999"),
    "link": ("[a page](rules.md#1-objects), [none](rules.md#2-nothing)", "rules.md#2-nothing"),
    "path": ("tests/test_citations.py::test_of_nothing", "tests/test_citations.py::test_of_nothing"),
    "file": ("`domain/nothing.py` and `domain/plan.py`", "domain/nothing.py"),
    "document": ("as NOTHING.md says, not README.md", "NOTHING.md"),
    "test": ("`test_of_nothing`, `test_citations`", "test_of_nothing"),
    "name": ("`domain.plan.Nothing`, `domain.plan.Plan`", "domain.plan.Nothing"),
}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_everything_that_is_cited_exists(form: Form) -> None:
    read = [path for path in files() if path != Path(__file__)]
    cited = [citation for path in read for citation in form.citations(path, path.read_text("utf-8"))]
    broken = "\n".join(str(citation) for citation in cited if not form.exists(citation))

    assert cited
    assert not broken, f"\n{broken}"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_citation_of_nothing_is_noticed(form: Form) -> None:
    text, wrong = WRONG[form.name]
    cited = form.citations(ROOT / "docs" / "rules.md", text)

    assert [citation.what for citation in cited if not form.exists(citation)] == [wrong]


def test_nothing_cites_documents_that_are_not_here() -> None:
    elsewhere = re.compile(r"\b(?:billflow[ -]rules|reference-rules|(?:design|stripe|api) \d+\.?\d*)\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {cited[0]}"
        for path in files()
        if path != Path(__file__)
        for cited in elsewhere.finditer(path.read_text("utf-8"))
    ]

    assert found == []


def test_sections_of_the_rules_are_numbered_once_and_in_order() -> None:
    numbers = [tuple(map(int, number.split("."))) for number in sections()]

    assert numbers == sorted(set(numbers))
    assert {number[0] for number in numbers} == set(range(1, numbers[-1][0] + 1))


def test_the_rules_have_the_sections_that_code_has_always_cited() -> None:
    assert set(sections()) >= {*map(str, range(1, 25)), "7.1", "7.2", *(f"8.{n}" for n in range(1, 7))}


def test_a_citation_says_where_it_stands() -> None:
    rules = FORMS[0]
    cited = list(rules.citations(ROOT / "docs" / "events.md", "\n\nas rules 8.3 and\n9 say"))

    assert [str(citation) for citation in cited] == ["docs/events.md:3 cites 8.3", "docs/events.md:3 cites 9"]


def test_no_two_decisions_have_the_same_number() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")]

    assert sorted(numbers) == sorted(set(numbers))

"""One word for each thing: nothing is called by a word that is retired (`tests/data/retired_words.toml`)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain

import pytest

from tests.interfaces import api, command_line, summaries
from tests.names import code_names, errors, event_names, module_names, module_paths, sentences
from tests.source import ROOT
from tests.vocabulary import Kind, Retired, Use, allowance, findings, parts, table

MODULES_IN_ING = 20
SHOWN = 40
SOURCES: tuple[Callable[[], Iterator[Use]], ...] = (
    module_names,
    code_names,
    event_names,
    errors,
    sentences,
    command_line,
    api,
)


@cache
def uses_in(source: Callable[[], Iterator[Use]]) -> tuple[Use, ...]:
    """Return what a source yields; reading all of them takes seconds."""
    return tuple(source())


def report(uses: Iterable[Use]) -> str:
    """Return what was found and is not allowed, one line each, not more of them than anyone reads."""
    found = sorted({str(finding) for finding in findings(uses) if allowance(finding.use) is None})
    rest = [f"... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([*found[:SHOWN], *rest])


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_nothing_is_called_by_a_retired_word(source: Callable[[], Iterator[Use]]) -> None:
    uses = uses_in(source)

    assert len(uses) > 20
    found = report(uses)
    assert not found, f"\n{found}"


def test_no_module_has_a_name_that_says_nothing() -> None:
    retired = [(path, say) for path in module_paths() for end, say in table()["modules"].items() if path.endswith(end)]

    assert retired == []


def test_no_route_has_a_title_that_says_nothing() -> None:
    titles = summaries()

    assert len(titles) > 80
    assert [title for title in titles if title in table()["summaries"]] == []


def test_few_modules_are_named_for_doing_instead_of_a_thing() -> None:
    ending = [path for path in module_paths() if path.startswith("src/billflow") and path.endswith("ing")]

    assert len(ending) <= MODULES_IN_ING, ending


def test_a_class_name_is_used_once() -> None:
    ours = str(ROOT / "src" / "billflow").removeprefix(f"{ROOT}/")
    names = Counter(use.name for use in uses_in(code_names) if use.kind is Kind.CLASS and use.place.startswith(ours))

    assert [name for name, count in names.items() if count > 1 and not name.startswith("_")] == []


def test_every_allowance_is_needed() -> None:
    every = chain.from_iterable(map(uses_in, SOURCES))
    needed = {allowance(finding.use) for finding in findings(every)}

    assert [key for key in table()["allowed"] if key not in needed] == []


@pytest.mark.parametrize(
    ("word", "kind", "name", "held"),
    [
        ("wall", Kind.CLASS, "TestWall", True),
        ("wall", Kind.CLASS, "Wallet", False),
        ("stand-in", Kind.CLASS, "HTTPStandIn", True),
        ("stand-in", Kind.FUNCTION, "stand_in_for", True),
        ("stand-in", Kind.TEXT, "a Stand-in for Stripe", True),
        ("stand-in", Kind.TEXT, "as they stand in the rows", False),
        ("catch up", Kind.TEXT, "plans catch up", True),
        ("=taken", Kind.FUNCTION, "_taken", True),
        ("=taken", Kind.FUNCTION, "is_email_taken", False),
    ],
)
def test_a_word_is_found_in_whole_parts_of_a_name(word: str, kind: Kind, name: str, held: bool) -> None:
    assert Retired(word, "", frozenset({kind})).is_in(Use(kind, name, "here")) is held


def test_names_are_read_in_both_spellings() -> None:
    assert parts("HTTPStandIn2") == ("http", "stand", "in", "2")
    assert parts("_caught_up") == ("caught", "up")

"""Whatever a page says to type does what it says: it is typed at a running stack, or is in a table of exceptions."""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.cli import test_own_product, test_readme, test_tutorial
from tests.cli.terminal import ROOT, Output
from tests.docs.blocks import blocks
from tests.docs.contexts import CONTEXTS, Context
from tests.docs.elsewhere import ELSEWHERE, OWN, Elsewhere
from tests.docs.reader import Reader

BLOCKS = [block for block in blocks() if block.language == "shell"]
VARIABLE = re.compile(r"[A-Z_]+=('.*'|\S*)")
TYPED_BY: dict[str, Callable[[], list[str]]] = {
    "tests/cli/test_readme.py": test_readme.lines,
    "tests/cli/test_tutorial.py": test_tutorial.lines,
    "tests/cli/test_own_product.py": test_own_product.lines,
}


def lines() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield every line of a shell in order: its page, the line, and what is shown as its answer."""
    for block in BLOCKS:
        page, typed = str(block.page.relative_to(ROOT)), list(block.typed())
        if all(VARIABLE.fullmatch(line) for line in typed):
            typed = [" ".join(typed)]  # variables, which hold together
        yield from ((page, line, tuple(block.answer(line))) for line in typed)


def is_elsewhere(page: str, line: str) -> bool:
    """Say whether a line is in the table of those that are not typed."""
    return any(one.page == page and re.search(one.pattern, line) for one in ELSEWHERE)


LINES = list(lines())
TYPED = [(page, line) for page, line, _ in LINES if not is_elsewhere(page, line)]
SHOWN = {line: shown for _, line, shown in LINES if shown}


def reading(page: str, reader: Reader) -> Iterator[tuple[str, Output]]:
    """Type every line of a page after what it takes for granted; yield each with what it printed."""
    reader.begin(CONTEXTS.get(page, Context()))
    for line in (line for one, line in TYPED if one == page):
        yield line, reader.read(line)


def shape(answer: str) -> list[str]:
    """Return the words of what stands above the rows of a table, without numbers."""
    above = re.split(r"(?m)^─+$", answer)[0]
    return re.sub(r"\d+", "", above).split()


@pytest.mark.full
@pytest.mark.parametrize("page", dict(TYPED))
def test_a_page_does_what_it_says(page: str, reader: Reader) -> None:
    printed = dict(reading(page, reader))

    wrong = [f"{line}\n{done.out}{done.err}" for line, done in printed.items() if done.code]
    assert not wrong, "\n".join(wrong)
    for line in SHOWN.keys() & printed.keys():
        assert shape("\n".join(SHOWN[line])) == shape(printed[line].out) != []


def test_what_is_shown_as_an_answer_is_compared() -> None:
    assert "billflow deploy status" in SHOWN
    assert {page for page, line, _ in LINES if line in SHOWN and not is_elsewhere(page, line)} >= {"docs/deploying.md"}


@pytest.mark.parametrize("one", ELSEWHERE, ids=lambda one: f"{one.page} {one.pattern}")
def test_a_line_that_is_not_typed_is_on_its_page_and_another_test_covers_it(one: Elsewhere) -> None:
    matched = [line for page, line, _ in LINES if page == one.page and re.search(one.pattern, line)]

    assert matched, "no such line any more"
    assert (ROOT / one.test).is_file()
    if one.why == OWN:
        assert [line for line in matched if line not in TYPED_BY[one.test]()] == []


def test_no_line_that_is_typed_runs_the_tests() -> None:
    assert [line for _, line in TYPED if re.search(r"pytest|make test|run_tests", line)] == []


@pytest.mark.parametrize("line", sorted({line for _, line, _ in LINES if line.startswith("make ")}))
def test_a_target_that_is_named_is_one_with_its_arguments(line: str) -> None:
    words = ["/usr/bin/env", "make", "--dry-run", *shlex.split(line, comments=True)[1:]]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout

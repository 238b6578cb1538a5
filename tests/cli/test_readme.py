"""The tour of the README is typed line by line, as it stands."""

import shlex

import pytest

from tests.cli.terminal import ROOT, Terminal

pytestmark = pytest.mark.journey

TOUR = "## A look around"
TYPED_ELSEWHERE = "make "


def lines() -> list[str]:
    """Return the commands of the tour, in their order."""
    tour = (ROOT / "README.md").read_text("utf-8").partition(TOUR)[2].partition("\n## ")[0]
    indented = [line.strip() for line in tour.splitlines() if line.startswith("    billflow ")]
    return [line for line in indented if "catalog" not in line]


def test_each_line_of_the_tour_does_what_it_says(terminal: Terminal) -> None:
    known: dict[str, str] = {}
    printed: dict[str, str] = {}
    for line in lines():
        words = [known.get(word, word) for word in shlex.split(line)[1:]]

        answer = terminal(*words)

        assert answer.code == 0, f"{line}\n{answer.err}"
        printed[" ".join(words[:2])] = answer.out
        ids = [row.split()[1] for row in answer.out.splitlines() if row.split()[:1] == ["id"]]
        if ids and words[:2] in (["customer", "create"], ["plan", "start"]):
            known[words[0].upper()] = ids[0]

    assert "12 x USD 8 = USD 96" in printed["plan forecast"]
    assert printed["plan forecast"].count("recurring") == 3
    assert "annual" in printed["plan command"]
    assert "Plans: 1" not in printed["invoice list"]

"""What `make test` leaves out, CI runs."""

import re

import pytest

from tests.plugins.sizes import EMPTIED, LEFT_OUT, left_out
from tests.sizes import SIZE, VARIABLE, Size
from tests.source import ROOT


def test_ci_runs_the_tests_in_full_size_and_chooses_none() -> None:
    ran = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make")]
    [recipe] = re.findall(r"^test-all: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert ran == ["make lint types contracts docs release versions test-all"]
    assert recipe == f"\t@{VARIABLE}={Size.FULL} $(BIN)/python scripts/run_tests.py $(ARGS)\n"


def test_only_the_small_size_leaves_out_a_test(request: pytest.FixtureRequest) -> None:
    found = [*request.session.items, *request.config.stash[LEFT_OUT]]

    assert left_out(found, Size.FULL) == left_out(found, Size.LONG) == []
    assert left_out(found, SIZE) == request.config.stash[LEFT_OUT]


def test_each_folder_keeps_a_test_in_the_small_size(request: pytest.FixtureRequest) -> None:
    assert request.config.stash[EMPTIED] == set()

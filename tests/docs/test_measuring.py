"""What pages name for measuring begins, and what tells of its results reads them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scripts import coverage_by_package, mutants
from tests.cli.terminal import ROOT
from tests.docs.blocks import blocks
from tests.waiting import PATIENCE

PROGRAMS = sorted(
    {
        word
        for block in blocks()
        if block.language == "shell"
        for line in block.typed()
        for word in line.split()
        if word.startswith("bench/")
    }
)
COUNTS = {"num_statements": 4, "covered_lines": 3, "num_branches": 2, "covered_branches": 1}


@pytest.mark.full
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_measurement_begins_and_says_what_it_takes(program: str) -> None:
    done = subprocess.run([sys.executable, program, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "--json" in done.stdout or "options:" in done.stdout


@pytest.mark.full
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_measurement_that_is_interrupted_leaves_no_server_and_no_folder(
    tmp_path: Path, number: signal.Signals
) -> None:
    asked = [sys.executable, "bench/api.py", "--customers", "100000", "--entries", "1"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(asked, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()  # it is loading
        servers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 1

    assert servers
    assert [one for one in servers if one.is_running()] == []
    assert list(tmp_path.glob("billflow-*")) == []


def test_the_table_of_packages_is_of_coverages_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {f"src/billflow/{name}": {"summary": COUNTS} for name in ("api/a.py", "api/b.py", "settings.py")}
    (tmp_path / "coverage.json").write_text(json.dumps({"files": {**files, "tests/conftest.py": {"summary": COUNTS}}}))

    coverage_by_package.main(tmp_path / "coverage.json")

    assert capsys.readouterr().out.splitlines()[2:] == [
        "| (modules) | 4 | 75.0 % | 2 | 50.0 % |",
        "| api | 8 | 75.0 % | 4 | 50.0 % |",
        "| all | 12 | 75.0 % | 6 | 50.0 % |",
    ]


def test_the_table_of_mutants_is_of_mutmuts_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "FOLDER", tmp_path)
    assert mutants.main([]) == 1
    codes = {"killed": 1, "lives": 0, "no_test": 33, "hangs": 36, "later": None}
    (tmp_path / "money.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    capsys.readouterr()

    assert mutants.main(["--survivors"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| money | 5 | 4 | 2 | 50.0 % |",
        "| all | 5 | 4 | 2 | 50.0 % |",
        "survived: lives",
        "no test: no_test",
    ]

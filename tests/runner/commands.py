"""How the tests of the runner run tests of their own."""

import subprocess
import sys
from pathlib import Path

from tests.source import ROOT


def run_tests(root: Path, *options: str) -> list[str]:
    """Return the command that runs the tests below *root*, as `make test` does."""
    program, pyproject = str(ROOT / "scripts" / "run_tests.py"), str(ROOT / "pyproject.toml")
    return [sys.executable, program, "-c", pyproject, "--rootdir", str(root), *options, str(root)]


def ran_tests(root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run them to their end, and return what they printed, errors too, and the exit code."""
    command = run_tests(root, *options)
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

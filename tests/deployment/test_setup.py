"""`make setup` makes the environment anew where another version of Python is asked for, and only there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import ROOT

MINE = ".".join(map(str, sys.version_info[:2]))
ANOTHER = "3.99"


def steps(folder: Path, *arguments: str) -> str:
    """Return what `make setup` would do in a folder."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHON", "MAKEFLAGS"}}
    command = ["make", "--dry-run", "setup", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the Makefile and an environment that is up to date."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / ".installed").touch()
    return tmp_path


def of_version(folder: Path, version: str) -> None:
    """Make the environment one of that version."""
    program = folder / ".venv" / "bin" / "python"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)


def test_an_environment_of_another_version_is_made_anew(folder: Path) -> None:
    of_version(folder, ANOTHER)

    assert f"{sys.executable} -m venv --clear .venv" in steps(folder, f"PYTHON={sys.executable}")


def test_an_environment_of_the_version_that_is_asked_for_stays(folder: Path) -> None:
    of_version(folder, MINE)

    assert "venv" not in steps(folder, f"PYTHON={sys.executable}")


def test_without_a_wish_the_environment_that_is_there_stays(folder: Path) -> None:
    of_version(folder, ANOTHER)

    assert "venv" not in steps(folder)

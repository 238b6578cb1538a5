"""What is built is complete, can be built again with the same bytes, and runs in an empty folder."""

import subprocess
import sys
import tomllib
import zipfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from scripts import release
from tests.cli.terminal import environment
from tests.deployment.distributions import Built
from tests.source import ROOT, committed
from tests.waiting import PATIENCE

VERIFIER: dict[str, Any] = tomllib.loads((ROOT / "packages" / "verify" / "pyproject.toml").read_text())
EMULATOR: dict[str, Any] = tomllib.loads((ROOT / "packages" / "emulator" / "pyproject.toml").read_text())
WHOLE: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
NOBODYS_KEY = b64encode(bytes(32)).decode()
CHANGELOG = (
    "# Changelog\n\n## [Unreleased]\n{}\n## [1.1.0] - 2026-01-31\n\n- More.\n\n## [1.0.0] - 2025-01-31\n\n- Some.\n"
)
CREATE = (
    "import sys, stripe, stripe_emulator.server as s\nwith s.StripeEmulator() as server: print(s.__file__, server.url)"
)


def unpacked(built: Built, name: str, target: Path) -> Path:
    """Install a wheel without what it needs, which this environment has."""
    [wheel] = built.folder.glob(f"{name}-*.whl")
    zipfile.ZipFile(wheel).extractall(target)
    return target


def run_in(folder: Path, packages: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in a folder with what is in *packages* before all others."""
    env = environment(folder / "data", PYTHONPATH=str(packages))
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_what_is_unreleased_is_what_the_notes_say_else_what_the_version_has() -> None:
    assert release.notes(CHANGELOG.format("\n- New.\n"), "1.1.0") == "# billflow after 1.1.0\n\n- New.\n"
    assert release.notes(CHANGELOG.format(""), "1.1.0") == "# billflow 1.1.0\n\n- More.\n"
    with pytest.raises(release.NotReleasable, match="says nothing under"):
        release.notes(CHANGELOG.format(""), "1.2.0")


@pytest.mark.parametrize("part", [EMULATOR, VERIFIER], ids=lambda part: str(part["project"]["name"]))
def test_a_part_needs_what_billflow_needs_and_has_its_version(part: dict[str, Any]) -> None:
    assert set(part["project"]["dependencies"]) <= set(WHOLE["project"]["dependencies"])
    assert part["project"]["requires-python"] == WHOLE["project"]["requires-python"]
    assert part["tool"]["hatch"]["version"]["path"] == "../../pyproject.toml"


def test_what_checks_a_proof_needs_cryptography_alone() -> None:
    assert [one.partition(">")[0] for one in VERIFIER["project"]["dependencies"]] == ["cryptography"]


@pytest.mark.full
def test_the_same_commit_gives_the_same_bytes_which_the_tools_accept(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "DIST", built.folder)
    names = [name.partition("-")[0] for name in sorted(built.first)]

    assert names == ["billflow", "billflow", "billflow_client", "billflow_verify", "stripe_emulator"]
    release.check(built.first, built.second)
    with pytest.raises(release.NotReleasable, match="differ in"):
        release.check(built.first, {**built.second, "another.whl": "0"})


@pytest.mark.full
def test_every_file_of_the_package_is_in_the_wheel(built: Built) -> None:
    [wheel] = built.folder.glob("billflow-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = [str(path.relative_to(ROOT)) for path in committed()]
    in_source = {name.removeprefix("src/") for name in tracked if name.startswith("src/")}
    expected = in_source | {f"billflow/{name}" for name in tracked if name.startswith("examples/")}

    assert len(expected) > 700
    assert expected - packed == set()


@pytest.mark.full
def test_the_demo_bills_from_the_wheel_in_an_empty_folder(built: Built, tmp_path: Path) -> None:
    packages, folder = unpacked(built, "billflow", tmp_path / "packages"), tmp_path / "empty"
    folder.mkdir()

    done = run_in(folder, packages, "-m", "billflow.cli", "demo", "--only", "1", "--until", "2018-06-01", "--json")
    where = run_in(folder, packages, "-c", "import billflow; print(billflow.__file__)")

    assert done.returncode == 0, done.stderr
    assert Path(where.stdout.strip()).is_relative_to(packages)


@pytest.mark.full
def test_the_emulator_alone_answers_stripes_own_client(built: Built, tmp_path: Path) -> None:
    packages = unpacked(built, "stripe_emulator", tmp_path / "packages")

    done = run_in(tmp_path, packages, "-c", CREATE)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(packages))
    assert not (packages / "billflow").exists()


@pytest.mark.full
def test_the_verifier_alone_says_what_is_wrong_with_a_proof(built: Built, tmp_path: Path) -> None:
    packages = unpacked(built, "billflow_verify", tmp_path / "packages")
    (tmp_path / "proof.json").write_text('{"format": "another"}')

    done = run_in(tmp_path, packages, "-m", "billflow_verify", "proof.json", "--public-key", NOBODYS_KEY)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The proof is of the format 'another', not 'billflow.proof/1'.\n"
    assert not (packages / "billflow").exists()

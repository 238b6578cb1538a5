"""The client is a distribution of its own, which needs httpx and pydantic and nothing of a server."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions, requires
from pathlib import Path
from typing import Any

from scripts.hashes import ROOT
from tests.cli.terminal import environment
from tests.waiting import PATIENCE

PACKAGE = ROOT / "packages" / "client"
PROJECT: dict[str, Any] = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
WHOLE: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
FILES: dict[str, str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
PROGRAM = Path(__file__).with_name("use_client.py")

ALONE = """
import runpy, sys
from importlib.abc import MetaPathFinder

allowed = set(sys.argv[2:])

class Others(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed | set(sys.stdlib_module_names) and not top.startswith("_"):
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

sys.meta_path.insert(0, Others())
runpy.run_path(sys.argv[1], run_name="__main__")
"""
IMPORTED_AS = {"typing-extensions": "typing_extensions", "pydantic-core": "pydantic_core"}


def name_of(requirement: str) -> str:
    """Return the distribution that a requirement names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found.group().lower().replace("_", "-")


def needed(*names: str) -> set[str]:
    """Return what some distributions bring, themselves included, by the names they are imported by."""
    installed = {name_of(one.metadata["Name"]) for one in distributions()}
    found, coming = set[str](), set(names)
    while coming:
        found |= coming
        listed = [one for name in coming for one in requires(name) or () if "extra ==" not in one]
        coming = ({name_of(one) for one in listed} & installed) - found
    return {IMPORTED_AS.get(name, name.replace("-", "_")) for name in found}


def test_it_works_where_nothing_else_is_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, PROGRAM, "billflow", *needed(*map(name_of, PROJECT["project"]["dependencies"]))],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stdout.split()) == (0, ["c1", "c1", "plan_ended"]), done.stderr
    taken = [Path(target).with_suffix("") for target in FILES.values()]
    used = [Path(*name.split(".")) for name in done.stderr.split() if name.startswith("billflow.")]
    outside = [path for path in used if not any(path.is_relative_to(one) for one in taken)]
    assert len(used) > 50
    assert outside == [Path("billflow/models")], "put it into the distribution, or do without it"


def test_every_file_of_the_distribution_is_there_under_its_own_name() -> None:
    for source, target in FILES.items():
        path = (PACKAGE / source).resolve()
        assert path.exists(), source
        assert path in (ROOT / "src" / target, ROOT / "LICENSE")


def test_it_has_the_version_and_the_bounds_of_the_whole() -> None:
    version = PROJECT["tool"]["hatch"]["version"]
    found = re.search(version["pattern"], (PACKAGE / version["path"]).read_text())

    assert found
    assert found["version"] == WHOLE["project"]["version"]
    assert set(PROJECT["project"]["dependencies"]) <= set(WHOLE["project"]["dependencies"])
    assert PROJECT["project"]["requires-python"] == WHOLE["project"]["requires-python"]

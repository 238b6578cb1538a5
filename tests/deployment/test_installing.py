"""The wheel is installed by pip as people do it, and what it says first works in an empty folder."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.cli.terminal import ROOT, environment, wait_for
from tests.deployment.distributions import Built
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.full, pytest.mark.timeout(1800)]


INSTALLING = 900.0
"""Seconds that pip may take for some sixty packages."""


class Installed(NamedTuple):
    """A virtual environment of its own, an empty folder to type in, and the variables there."""

    programs: Path
    folder: Path
    env: Mapping[str, str]

    def run(self, program: str, *words: str, seconds: float = PATIENCE) -> str:
        """Run a program of the environment to its end; return what it printed."""
        command = [str(self.programs / program), *words]
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False, timeout=seconds
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def dev(self) -> Iterator[str]:
        """Run `billflow dev`; yield what it shows when it is up, and end it, and all of it, by ctrl-C."""
        command = [str(self.programs / "billflow"), "dev"]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                shown = wait_for(process, "Try")
                servers = psutil.Process(process.pid).children(recursive=True)
                yield shown
                process.send_signal(signal.SIGINT)
                assert process.wait(PATIENCE) == 0
            finally:
                process.kill()
        assert servers
        assert psutil.wait_procs(servers, PATIENCE)[1] == []


@pytest.fixture
def installed(built: Built, tmp_path: Path) -> Iterator[Installed]:
    """Install the wheel with its servers by pip; root's copies of their programs go at the end.

    The constraints are those that the release was tested with: what others publish today is no test of ours.
    """
    home, folder = tmp_path / "home", tmp_path / "empty"
    folder.mkdir()
    env = environment(home, PYTHONPATH="")
    del env["BILLFLOW_DATA_DIR"]
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=PATIENCE)
    here = Installed(tmp_path / "venv" / "bin", folder, env)
    [wheel] = built.folder.glob("billflow-*.whl")
    wanted = ("-c", str(ROOT / "constraints.txt"), f"billflow[embedded] @ {wheel.as_uri()}")
    here.run("python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted, seconds=INSTALLING)
    yield here
    here.run("python", "-m", "billflow.dev.clean")


def test_what_pip_installs_explains_itself_and_comes_up_in_an_empty_folder(installed: Installed) -> None:
    assert "--keep" in installed.run("billflow", "demo", "--help")
    where = Path(installed.run("python", "-c", "import billflow; print(billflow.__file__)").strip())
    assert where.is_relative_to(installed.programs.parent)

    with installed.dev() as shown:
        created = installed.run("billflow", "customer", "create", "Acme", "billing@acme.example")
        servers = list((installed.folder / ".billflow").iterdir())

    assert "billflow is up; ctrl-C stops it" in shown
    assert "Acme" in created
    assert servers
    assert not list((installed.folder.parent / "home" / "state" / "billflow").iterdir())

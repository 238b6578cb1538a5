"""One running stack for all tests of the command line, started as people start it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, environment, started, typing, wait_for
from tests.waiting import PATIENCE

DEV = ("-m", "billflow.cli", "dev")


@pytest.fixture(autouse=True)
def _nobodys_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let commands that run in this process find neither a stack nor a profile of whoever runs the tests."""
    for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the data folder of a running `billflow dev`; ctrl-C stops it at the end."""
    folder = tmp_path_factory.mktemp("dev")
    with started(env=environment(folder), program=DEV) as process:
        wait_for(process, "Try")
        yield folder
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert list((folder / "state" / "billflow").iterdir()) == []


@pytest.fixture(scope="package")
def terminal(stack: Path) -> Iterator[Terminal]:
    """Yield a terminal that finds the stack by itself."""
    with typing(environment(stack)) as terminal:
        yield terminal

"""The stack that the pages' commands are typed at, started as people start it, and somebody who types."""

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from billflow.dev.ports import LOOPBACK, free_port
from tests.cli.conftest import DEV
from tests.cli.terminal import environment, started, wait_for
from tests.docs.reader import Reader, reader_of
from tests.waiting import PATIENCE


@dataclass(frozen=True)
class RunningDev:
    """A `billflow dev`: its data folder, and where it answers operators."""

    data: Path
    operations: str


@pytest.fixture(scope="package")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    """Yield a running `billflow dev`; ctrl-C stops it at the end."""
    data, port = tmp_path_factory.mktemp("dev"), free_port()
    with started("--ops-port", str(port), env=environment(data), program=DEV) as process:
        wait_for(process, "Try")
        yield RunningDev(data, f"{LOOPBACK}:{port}")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


@pytest.fixture
def reader(
    request: pytest.FixtureRequest, dev: RunningDev, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reader]:
    """Yield somebody who reads a page and types for an organization of its own, which sells nothing yet."""
    monkeypatch.setenv("XDG_STATE_HOME", f"{dev.data}/state")
    page: str = request.node.callspec.params["page"]
    with reader_of(re.sub(r"\W", "-", page.lower()), dev.data, tmp_path) as reader:
        reader.words["OPERATIONS"] = dev.operations
        yield reader

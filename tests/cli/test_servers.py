"""What production runs: migrate, worker and api, each found and stopped as a container does it."""

import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.terminal import ROOT, Terminal, environment, started, wait_for

pytestmark = pytest.mark.journey


def test_migrating_twice_is_as_good_as_once(terminal: Terminal) -> None:
    migrated = terminal("migrate")

    assert (migrated.code, migrated.err) == (0, "")
    assert migrated.out == "The database is at the newest version.\nTemporal knows the search attributes.\n"


def test_a_worker_drains_on_sigterm(stack: Path) -> None:
    with started(env=environment(stack), program=[ROOT / "worker.py"]) as worker:
        wait_for(worker, "Taking work")
        worker.send_signal(signal.SIGTERM)

        assert worker.wait(30) == 0


def test_the_api_answers_until_it_is_stopped(stack: Path) -> None:
    with started("--port", "0", env=environment(stack), program=("-m", "billflow.cli", "api")) as api:
        url = wait_for(api, "http").split()[4].rstrip(";")
        health = httpx.get(f"{url}/healthz")
        api.send_signal(signal.SIGTERM)

        assert health.status_code == 200
        assert api.wait(20) == 0

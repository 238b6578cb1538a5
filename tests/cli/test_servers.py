"""What production runs: migrate, worker and api, each found and stopped as a container does it."""

import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.terminal import ROOT, billflow, environment, started, wait_for

pytestmark = pytest.mark.journey

CLI = ("-m", "billflow.cli")


def test_migrating_twice_is_as_good_as_once(stack: Path) -> None:
    migrated = billflow("migrate", env=environment(stack))

    assert (migrated.code, migrated.err) == (0, "")
    assert migrated.out == "The database is at the newest version.\nTemporal knows the search attributes.\n"


def test_a_worker_drains_on_sigterm(stack: Path) -> None:
    with started(env=environment(stack), program=[ROOT / "worker.py"]) as worker:
        wait_for(worker, "Taking work")
        worker.send_signal(signal.SIGTERM)

        assert worker.wait(30) == 0


def test_the_api_answers_until_it_is_stopped(stack: Path) -> None:
    with started("--port", "0", env=environment(stack), program=(*CLI, "api")) as api:
        url = wait_for(api, "http").split()[4].rstrip(";")
        health = httpx.get(f"{url}/healthz")
        api.send_signal(signal.SIGTERM)

        assert health.status_code == 200
        assert api.wait(20) == 0


def test_an_api_whose_port_is_taken_says_so(stack: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = billflow("api", "--port", str(taken.getsockname()[1]), env=environment(stack))

    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "can't listen" in answer.err


def test_a_second_dev_on_the_same_folder_is_refused(stack: Path) -> None:
    answer = billflow("dev", env=environment(stack))

    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert answer.err.startswith("Another billflow (process ")

"""Ports are free ones unless named, and a taken one is named in one sentence."""

import socket
import subprocess
import sys

import pytest

from billflow.dev import ports
from billflow.dev.errors import PortInUse
from billflow.dev.ports import LOOPBACK, free_port, named_or_free

CHOOSE = "from billflow.dev import ports; print(*(ports.free_port() for _ in range({count}))); input()"
"""Chooses ports, and lives until it gets a line."""


def test_a_port_that_is_about_to_be_used_is_given_to_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHOOSE.format(count=20)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        taken = [int(word) for word in other.stdout.readline().split()]
        monkeypatch.setattr(ports, "_CANDIDATES", taken)
        monkeypatch.setattr(ports, "_TRIES", len(taken))
        with pytest.raises(PortInUse, match=r"^No free port was found"):
            free_port()
        other.communicate("\n")

    assert len(set(taken)) == 20
    assert free_port() in taken


def test_a_process_no_longer_claims_the_ports_that_it_chose_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [free_port() for _ in range(ports._MOST_CLAIMS + 1)]
    monkeypatch.setattr(ports, "_CANDIDATES", chosen[:1])
    monkeypatch.setattr(ports, "_TRIES", 1)

    assert free_port() == chosen[0]


def test_a_named_port_that_is_free_is_taken() -> None:
    port = free_port()

    assert named_or_free(port, "Temporal") == port


def test_no_name_means_any_free_port() -> None:
    assert named_or_free(0, "Temporal") > 0


def test_a_port_in_use_is_refused_with_the_part_that_wanted_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(PortInUse, match=rf"^Port {port} for the Temporal Web UI is in use by another program; "):
            named_or_free(port, "the Temporal Web UI")


def test_a_free_port_is_none_that_an_outgoing_connection_could_take_first() -> None:
    assert all(free_port() < 32_768 for _ in range(20))

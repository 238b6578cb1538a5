"""Ports are free ones unless named, and a taken one is named in one sentence."""

import socket

import pytest

from billflow.dev.errors import PortInUse
from billflow.dev.ports import LOOPBACK, free_port, named_or_free


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

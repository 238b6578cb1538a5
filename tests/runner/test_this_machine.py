"""Tests find and call this machine alone, in either way in which Python does."""

import asyncio
import errno
import socket

import pytest
import uvloop

ELSEWHERE = "192.0.2.1"
"""An address of documentation."""


async def test_tests_run_on_the_loop_of_servers_and_workers() -> None:
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)


async def test_no_name_is_looked_up() -> None:
    with pytest.raises(socket.gaierror, match="tests look up no names"):
        await asyncio.get_running_loop().getaddrinfo("example.com", 443)
    with pytest.raises(socket.gaierror, match="tests look up no names"):
        socket.getaddrinfo("example.com", 443)


async def test_no_other_machine_is_called() -> None:
    with pytest.raises(OSError, match="tests call nobody but this machine") as by_the_loop:
        await asyncio.open_connection(ELSEWHERE, 443)
    with socket.socket() as plain, pytest.raises(OSError, match="tests call nobody but this machine") as by_a_socket:
        plain.connect((ELSEWHERE, 443))

    assert (by_the_loop.value.errno, by_a_socket.value.errno) == (errno.ENETUNREACH, errno.ENETUNREACH)

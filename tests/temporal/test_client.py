"""Connecting, and what is said when nobody answers."""

import pytest

from billflow.dev.ports import LOOPBACK, free_port
from billflow.temporal.client import connect
from billflow.temporal.workflow_control import NoTemporalServer


async def test_a_server_that_is_not_there_is_named_with_the_way_out() -> None:
    address = f"{LOOPBACK}:{free_port()}"

    with pytest.raises(NoTemporalServer) as refused:
        await connect(address)

    assert refused.value.message == (
        f"No Temporal server answers at {address}; start one with `billflow dev`, or set TEMPORAL_ADDRESS to yours."
    )


async def test_the_standard_variable_names_the_server(monkeypatch: pytest.MonkeyPatch, temporal_server: str) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server)

    client = await connect()

    assert client.service_client.config.target_host == temporal_server

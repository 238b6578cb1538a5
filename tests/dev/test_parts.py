"""Which parts are started, where, and what is said where one cannot be."""

import importlib.util
import socket
from functools import partial
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from billflow.dev import temporal
from billflow.dev.errors import PartFailed, PartUnavailable, PortInUse, StackError
from billflow.dev.folder import claimed
from billflow.dev.ports import LOOPBACK
from billflow.dev.postgres import embedded_postgres
from billflow.dev.stack import Ports, running_stack
from billflow.dev.stripe import EmulatorOptions, embedded_stripe
from billflow.settings import Settings
from billflow.temporal import search_attributes

REAL = Settings(database_url=SecretStr("postgresql://db/billflow"), stripe_api_key=SecretStr("sk_test_real"))


async def test_no_part_is_started_that_a_variable_points_at_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")

    async with running_stack(REAL, keep=False) as stack:
        assert stack.processes == ()
        assert stack.settings == REAL
        assert stack.temporal_address == "temporal.example:7233"


async def test_half_of_stripes_variables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    settings = REAL.model_copy(update={"stripe_api_key": None, "stripe_api_base": "http://stripe.example"})

    with pytest.raises(StackError, match=r"^STRIPE_API_BASE is set, but STRIPE_API_KEY is not; set both or neither\.$"):
        async with running_stack(settings, keep=False):
            pass


async def test_a_named_port_that_is_taken_stops_the_start_before_the_part() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        ports = Ports(temporal=other.getsockname()[1])

        with pytest.raises(PortInUse, match="for Temporal is in use by another program"):
            async with running_stack(REAL, keep=False, ports=ports):
                pass


@pytest.mark.full
async def test_two_folders_are_two_databases(tmp_path: Path) -> None:
    with claimed(tmp_path / "one") as first_lock, claimed(tmp_path / "two") as second_lock:
        first = embedded_postgres(tmp_path / "one", first_lock, durable=False)
        second = embedded_postgres(tmp_path / "two", second_lock, durable=False)
        async with first as (first_url, _), second as (second_url, _):
            with psycopg.connect(first_url) as connection:
                connection.execute("CREATE TABLE only_here (n int)")
            with psycopg.connect(second_url) as connection:
                found = connection.execute("SELECT to_regclass('only_here')").fetchone()

    assert found == (None,)


async def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 25)
    with claimed(folder) as lock:
        async with embedded_postgres(folder, lock, durable=False) as (url, _):
            with psycopg.connect(url) as connection:
                (lowered,) = connection.execute("SELECT lower('ÄÉ')").fetchone() or ("",)

    assert lowered == "äé"


async def test_a_part_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "stripe.db").mkdir()
    with claimed(tmp_path) as lock, pytest.raises(PartFailed, match=r"^The Stripe emulator did not start: .+"):
        async with embedded_stripe(tmp_path, lock, EmulatorOptions()):
            pass


async def test_without_a_wheel_of_postgresql_the_message_names_the_extra_and_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(PartUnavailable, match=r'"billflow\[embedded\]".* set DATABASE_URL to a server of yours'):
        async with embedded_postgres(tmp_path, 0):
            pass


async def test_without_a_wheel_of_temporal_the_sdks_own_server_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = temporal.program()
    start_local = partial(WorkflowEnvironment.start_local, dev_server_existing_path=wheel)
    monkeypatch.setattr(temporal, "program", lambda: None)
    monkeypatch.setattr(WorkflowEnvironment, "start_local", start_local)

    async with temporal.embedded_temporal(tmp_path, 0, keep=False, ui_port=None) as server:
        client = await Client.connect(server.address)
        await search_attributes.ensure(client)

    assert server.process is None


async def test_without_a_wheel_and_a_download_the_message_names_the_extra_and_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_network(**_options: object) -> None:
        raise RuntimeError("cannot download")

    monkeypatch.setattr(temporal, "program", lambda: None)
    monkeypatch.setattr(WorkflowEnvironment, "start_local", no_network)

    with pytest.raises(PartUnavailable, match=r'"billflow\[embedded\]".* set TEMPORAL_ADDRESS to a server of yours'):
        async with temporal.embedded_temporal(tmp_path, 0):
            pass

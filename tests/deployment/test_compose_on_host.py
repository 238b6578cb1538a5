"""The compose file's services run, with the commands and the environment that it gives them."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from billflow.temporal.versions import own_build_id
from scripts.compose_secrets import MADE
from tests.api_environment import API_KEY, until
from tests.chaos.servers import postgres_in
from tests.deployment.compose_on_host import FILE, Container, Host
from tests.environment import stripe_in_thread
from tests.namespaces import fresh_namespace

GRACE = 45
"""Seconds that compose waits for a worker which it has told to end."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a loopback address for each container")


@pytest.fixture
async def host(temporal_server: str, tmp_path: Path) -> AsyncIterator[Host]:
    """Yield this machine with a PostgreSQL, a Temporal namespace and a Stripe emulator of its own."""
    temporal = await fresh_namespace(temporal_server, "compose")
    async with (
        postgres_in(tmp_path / "postgres") as (_, url),
        stripe_in_thread("http://127.0.0.1:9/") as stripe,
    ):
        # The login that the image of PostgreSQL makes.
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CREATE ROLE billflow SUPERUSER LOGIN")
        made = {name: make() for name, make in MADE.items()}
        shell = {"STRIPE_API_KEY": API_KEY, "BILLFLOW_MAIL_FROM": "Acme <billing@acme.example>"}
        socket = make_url(url).query["host"]
        addresses = {"@postgres:5432/billflow": f"@/billflow?host={socket}", "temporal:7233": temporal_server}
        also = {"STRIPE_API_BASE": stripe.url, "TEMPORAL_NAMESPACE": temporal.namespace}
        yield Host(tmp_path, made | shell, addresses, also)


async def version_and_workers(host: Host) -> dict[str, tuple[str, int]]:
    code, said = await host.run("api", "deploy", "status", "--json")
    assert code == 0, said
    return {one["build_id"]: (one["status"], one["workers"]) for one in json.loads(said)["versions"]}


async def metrics(container: Container) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://{container.address}:8001/metrics")).text


async def ended(container: Container) -> int:
    container.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(4 * GRACE):
        return await container.process.wait()


@pytest.mark.full
async def test_migrate_workers_and_api_of_the_file_run_and_end(host: Host) -> None:
    await host.migrated()
    await host.migrated()
    async with AsyncExitStack() as up:
        first = await up.enter_async_context(host.up("worker"))
        second = await up.enter_async_context(host.up("worker"))
        api = await up.enter_async_context(host.up("api"))
        build_id = own_build_id(None)

        async def both_work_at_the_current_version() -> bool:
            return await version_and_workers(host) == {build_id: ("current", 2)}

        await until(both_work_at_the_current_version)
        for container in (first, second, api):
            assert "billflow_plans_needing_attention" in await metrics(container), "as Prometheus asks"
        await assert_the_api_asks_for_a_key(host, api)
        code, said = await host.run("api", "reconcile", "--json")
        assert (code, json.loads(said)["findings"]) == (0, []), "a workflow that both workers' queues have a part in"
        for container in (api, first, second):
            assert await ended(container) == 0, container.said()


async def assert_the_api_asks_for_a_key(host: Host, api: Container) -> None:
    code, said = await host.run("api", "keys", "create", "backend", "--json")
    assert code == 0, said
    key = json.loads(said)["api_key"]
    async with httpx.AsyncClient(base_url=f"http://{api.address}:8000/api/v1") as client:
        assert (await client.get("/customers")).status_code == 401
        answered = await client.get("/customers", headers={"Authorization": f"Bearer {key}"})
        assert answered.status_code == 200


def test_mail_and_keys_are_passed_on_as_the_shell_has_them(tmp_path: Path) -> None:
    shell = dict.fromkeys(MADE, "x") | {"STRIPE_API_KEY": "sk_test_1"}
    without = Host(tmp_path, shell, {}, {}).environment("worker", "127.0.0.1")
    mail = {"BILLFLOW_SMTP_URL": "smtp://mail:587", "BILLFLOW_MAIL_FROM": "billing@acme.example"}
    beside = Host(tmp_path, shell | mail, {}, {}).environment("worker", "127.0.0.1")

    assert without["BILLFLOW_ENCRYPTION_KEYS"] == "x"
    assert not mail.keys() & without.keys(), "an empty one would be a mail server without a name"
    assert mail.items() <= beside.items()
    assert FILE.exists()

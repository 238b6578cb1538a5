"""A namespace as Temporal Cloud has them: reached by key or certificate, and given no search attributes by us."""

import asyncio
import subprocess
import sys

import grpc
import pytest
from temporalio.client import Client

from billflow.settings import load_settings
from billflow.temporal import search_attributes
from billflow.temporal.client import connect
from billflow.temporal.search_attributes import SearchAttributesMissing
from billflow.temporal.workflow_control import NoTemporalServer, TemporalRefused
from billflow.wiring.workers import prepare_temporal
from tests.databases import migrated_database
from tests.namespaces import fresh_namespace, variables
from tests.temporal.certificates import Authority
from tests.temporal.cloud import ADD, LIST, front_door

KEY = "a key of Temporal Cloud"


@pytest.fixture
async def namespace(temporal_server: str) -> Client:
    """Return a client of a namespace that has none of our search attributes."""
    return await fresh_namespace(temporal_server, "cloud")


def set_environment(monkeypatch: pytest.MonkeyPatch, client: Client, address: str, **also: str) -> None:
    for name, value in (variables(client) | {"TEMPORAL_ADDRESS": address} | also).items():
        monkeypatch.setenv(name, value)


@pytest.mark.full
async def test_migrate_says_in_one_sentence_what_to_add_where_the_namespace_lets_nobody_add(
    namespace: Client, temporal_server: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await migrated_database(postgres_url)
    async with front_door(temporal_server) as address:
        set_environment(monkeypatch, namespace, address, DATABASE_URL=database)
        migrating = await asyncio_run([sys.executable, "-m", "billflow.cli", "migrate"])

    assert migrating.returncode == 1
    said = " ".join(migrating.stderr.split())
    assert f"namespace {namespace.namespace} lacks search attributes and does not let billflow add them" in said
    assert f"`tcld namespace search-attributes add --namespace {namespace.namespace} " in said
    for name, kind in search_attributes.type_names().items():
        assert f"--search-attribute {name}={kind}" in said
    assert "Traceback" not in migrating.stderr


async def asyncio_run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program while this loop goes on serving it."""
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("refused", [(ADD,), (ADD, LIST)], ids=["adding is refused", "listing too"])
async def test_only_what_is_missing_is_named_and_nothing_where_nothing_is(
    namespace: Client, temporal_server: str, refused: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with front_door(temporal_server, refused=refused) as address:
        set_environment(monkeypatch, namespace, address)
        monkeypatch.setattr(search_attributes, "REGISTRY", search_attributes.REGISTRY[:-1])
        await search_attributes.ensure(namespace)
        monkeypatch.undo()
        set_environment(monkeypatch, namespace, address)
        settings = load_settings()

        with pytest.raises(
            SearchAttributesMissing, match=r"--search-attribute BillflowPlanVersion=Int`, then"
        ) as refused_to:
            await prepare_temporal(settings)
        await search_attributes.ensure(namespace)
        await prepare_temporal(settings)

    assert refused_to.value.message.count("--search-attribute") == 1


async def test_a_client_certificate_opens_the_door_and_none_does_not(
    namespace: Client, temporal_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud, ours = Authority("the cloud's authority"), Authority("our authority")
    server, client = cloud.sign("billing.a1b2c.tmprl.cloud"), ours.sign("billflow")
    credentials = grpc.ssl_server_credentials(
        [(server.key, server.certificate)], ours.certificate, require_client_auth=True
    )
    certificate = {
        "TEMPORAL_TLS_CLIENT_CERT_DATA": client.certificate.decode(),
        "TEMPORAL_TLS_CLIENT_KEY_DATA": client.key.decode(),
    }
    async with front_door(temporal_server, credentials=credentials) as address:
        trusted = {"TEMPORAL_TLS": "true", "TEMPORAL_TLS_SERVER_CA_CERT_DATA": cloud.certificate.decode()}
        set_environment(monkeypatch, namespace, address, **trusted)
        with pytest.raises(NoTemporalServer, match=f"^Temporal at {address} closes the connection: .* certificate"):
            await connect()
        set_environment(monkeypatch, namespace, address, **trusted, **certificate)
        reached = await connect()

        assert (await reached.count_workflows()).count == 0
        assert reached.namespace == namespace.namespace


async def test_an_api_key_opens_the_door_and_a_wrong_one_is_said_to_be_wrong(
    namespace: Client, temporal_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Authority("the cloud's authority")
    server = cloud.sign("billing.a1b2c.tmprl.cloud")
    credentials = grpc.ssl_server_credentials([(server.key, server.certificate)])
    trusted = {"TEMPORAL_TLS_SERVER_CA_CERT_DATA": cloud.certificate.decode()}
    async with front_door(temporal_server, api_key=KEY, credentials=credentials) as address:
        set_environment(monkeypatch, namespace, address, TEMPORAL_API_KEY=KEY)
        with pytest.raises(
            NoTemporalServer, match=r"is not trusted \(UnknownIssuer\): TEMPORAL_TLS_SERVER_CA_CERT_PATH"
        ):
            await connect()
        set_environment(monkeypatch, namespace, address, TEMPORAL_API_KEY="an old key", **trusted)
        with pytest.raises(TemporalRefused, match=f"^Temporal at {address} refuses us .*TEMPORAL_API_KEY"):
            await connect()
        set_environment(monkeypatch, namespace, address, TEMPORAL_API_KEY=KEY, **trusted)
        reached = await connect()

        assert (await reached.count_workflows()).count == 0

"""Temporal namespaces of a test's own, on the server that the session runs: no worker takes the tasks of another."""

import secrets
from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, Plugin
from temporalio.runtime import Runtime

from billflow.models.keyring import Keyring
from billflow.temporal.plugin import billflow_plugin
from tests.sizes import sized

STRICT_IMPORTS = sized(False, True, True)
"""Whether each run of a workflow loads its modules anew, which costs a seventh of a worker's processor time.

The small size does so in `tests/workflows`, `tests/temporal` and `tests/replay`, and elsewhere as production does
(decision 0325).
"""

_RETENTION = Duration(seconds=86_400)


async def fresh_namespace(
    address: str,
    name: str,
    plugins: Sequence[Plugin] = (),
    keyring: Keyring | None = None,
    runtime: Runtime | None = None,
) -> Client:
    """Register a namespace and return a client of it; *name* is where its name begins.

    The client has our plugin where no *plugins* are named, in the full size one whose workers refuse careless imports;
    with a *keyring* payloads are encrypted. *runtime* is the SDK's where it is not the one that all clients share.
    """
    namespace = f"{name}-{secrets.token_hex(4)}"
    server = await Client.connect(address)
    await server.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=_RETENTION)
    )
    plugins = plugins or [billflow_plugin(strict_imports=STRICT_IMPORTS, keyring=keyring)]
    return await Client.connect(address, namespace=namespace, plugins=plugins, runtime=runtime)


def variables(client: Client) -> dict[str, str]:
    """Return the standard variables that lead another process to where *client* is."""
    return {
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }

"""The way to a Temporal server: by the standard `TEMPORAL_*` variables and profiles."""

import os
from datetime import timedelta

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.worker import Interceptor

from billflow.models.keyring import Keyring
from billflow.temporal.logs import use_python_logging
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.workflow_control import NoTemporalServer

_DEFAULT_ADDRESS = "localhost:7233"


async def connect(
    address: str | None = None,
    *,
    strict_imports: bool = False,
    keyring: Keyring | None = None,
    runtime: Runtime | None = None,
    tracing: Interceptor | None = None,
) -> Client:
    """Connect to `address`, or else to where `temporalio.envconfig` points; raise `NoTemporalServer`.

    With a `keyring` payloads are encrypted: whoever talks to the same workflows needs the same keys. `runtime` is that
    of the SDK where it is not the one that all clients share, `tracing` what carries traces.
    """
    if runtime is None:
        use_python_logging()
    named = {"TEMPORAL_ADDRESS": address} if address else {}
    config = ClientConfig.load_client_connect_config(override_env_vars={**os.environ, **named})
    config.setdefault("target_host", _DEFAULT_ADDRESS)
    try:
        return await Client.connect(
            **config,
            plugins=[billflow_plugin(strict_imports=strict_imports, keyring=keyring, tracing=tracing)],
            connect_timeout=timedelta(seconds=5),
            runtime=runtime,
        )
    except RuntimeError as error:
        raise NoTemporalServer(
            f"No Temporal server answers at {config['target_host']}; "
            "start one with `billflow dev`, or set TEMPORAL_ADDRESS to yours."
        ) from error

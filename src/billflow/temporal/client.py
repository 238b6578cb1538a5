"""The way to a Temporal server: by the standard `TEMPORAL_*` variables and profiles."""

import os
import re
from datetime import timedelta

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.worker import Interceptor

from billflow.domain.errors import BillingError
from billflow.models.keyring import Keyring
from billflow.temporal.logs import use_python_logging
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.workflow_control import NoTemporalServer, TemporalRefused

_DEFAULT_ADDRESS = "localhost:7233"

_REFUSED = re.compile(r'code: (?:Unauthenticated|PermissionDenied), message: "(?P<reason>[^"]*)"')
_UNTRUSTED = re.compile(r"InvalidCertificate\((?P<reason>\w+)")
_CLOSED = re.compile(r"after connection: .*transport::Error", re.DOTALL)


async def connect(
    address: str | None = None,
    *,
    strict_imports: bool = False,
    keyring: Keyring | None = None,
    runtime: Runtime | None = None,
    tracing: Interceptor | None = None,
) -> Client:
    """Connect to `address`, or else to where `temporalio.envconfig` points.

    Raises `NoTemporalServer`, or `TemporalRefused` where a server answers that does not take our key or certificate.
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
        raise _why(config["target_host"], str(error)) from error


def _why(address: str, said: str) -> BillingError:
    """Return what the SDK's words about a connection that failed mean for whoever set the variables."""
    if refused := _REFUSED.search(said):
        return TemporalRefused(
            f"Temporal at {address} refuses us ({refused['reason'].rstrip('.')}): TEMPORAL_API_KEY, or the client "
            "certificate, is not one of the namespace that TEMPORAL_NAMESPACE names."
        )
    if untrusted := _UNTRUSTED.search(said):
        return NoTemporalServer(
            f"The certificate of Temporal at {address} is not trusted ({untrusted['reason']}): "
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH names its authority, TEMPORAL_TLS_SERVER_NAME the name in it."
        )
    if _CLOSED.search(said):
        return NoTemporalServer(
            f"Temporal at {address} closes the connection: where it wants TLS or a client certificate, "
            "the TEMPORAL_TLS variables say so (docs/temporal-cloud.md)."
        )
    return NoTemporalServer(
        f"No Temporal server answers at {address}; start one with `billflow dev`, or set TEMPORAL_ADDRESS to yours."
    )

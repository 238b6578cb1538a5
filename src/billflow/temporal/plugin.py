"""The one plugin: client, worker and Replayer get their converter, interceptors and sandbox from it."""

import pkgutil
from dataclasses import replace

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.plugin import SimplePlugin
from temporalio.worker import Interceptor
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

import billflow
from billflow.models.keyring import Keyring
from billflow.temporal.codec import EncryptionCodec
from billflow.temporal.failure_converter import EncodedShortFailureConverter, ShortFailureConverter
from billflow.temporal.interceptors import ActivityContextInterceptor


def billflow_plugin(
    *, strict_imports: bool = False, keyring: Keyring | None = None, tracing: Interceptor | None = None
) -> SimplePlugin:
    """Build the plugin; give it to the client (its workers inherit it) and to the Replayer, never twice.

    With `strict_imports`, as in tests, our workflow modules are loaded anew for each run, which keeps every restriction
    on in them, and one that imports something outside its pass-through block fails (decision 0260). With a `keyring`
    payloads and failures are encrypted. `tracing` is what carries traces, if anything does.
    """
    return SimplePlugin(
        "billflow",
        data_converter=_converter(keyring),
        interceptors=[*([tracing] if tracing else []), ActivityContextInterceptor()],
        workflow_runner=SandboxedWorkflowRunner(restrictions=_restrictions(strict_imports=strict_imports)),
    )


def _converter(keyring: Keyring | None) -> DataConverter:
    if keyring is None:
        return replace(pydantic_data_converter, failure_converter_class=ShortFailureConverter)
    return replace(
        pydantic_data_converter,
        payload_codec=EncryptionCodec(keyring),
        failure_converter_class=EncodedShortFailureConverter,
    )


def _restrictions(*, strict_imports: bool) -> SandboxRestrictions:
    default = SandboxRestrictions.default
    if not strict_imports:
        return default.with_passthrough_modules(billflow.__name__)
    return default.with_passthrough_modules(*_all_but_workflows()).with_import_notification_policy(
        SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
        | SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    )


def _all_but_workflows() -> list[str]:
    children = (f"billflow.{module.name}" for module in pkgutil.iter_modules(billflow.__path__))
    return [name for name in children if name != "billflow.workflows"]

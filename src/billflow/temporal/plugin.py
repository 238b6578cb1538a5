"""The one plugin: client, worker and Replayer get their converter, interceptors and sandbox from it."""

import pkgutil
from dataclasses import replace

from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import CompositePayloadConverter, DataConverter
from temporalio.plugin import SimplePlugin
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, WorkflowRunner
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

    With `strict_imports`, as in tests, workflows run in Temporal's sandbox with every restriction on, and a module of
    theirs that imports something outside its pass-through block fails; otherwise they run without it (decision 0337).
    With a `keyring` payloads and failures are encrypted. `tracing` is what carries traces, if anything does.
    """
    return SimplePlugin(
        "billflow",
        data_converter=_converter(keyring),
        interceptors=[*([tracing] if tracing else []), ActivityContextInterceptor()],
        workflow_runner=_sandbox() if strict_imports else UnsandboxedWorkflowRunner(),
    )


class SharedPayloadConverter(CompositePayloadConverter):
    """Converts pydantic models as Temporal's own does, which makes its serializers anew for each task of a workflow."""

    _converters = tuple(PydanticPayloadConverter().converters.values())

    def __init__(self) -> None:
        super().__init__(*self._converters)


def _converter(keyring: Keyring | None) -> DataConverter:
    ours = replace(pydantic_data_converter, payload_converter_class=SharedPayloadConverter)
    if keyring is None:
        return replace(ours, failure_converter_class=ShortFailureConverter)
    codec = EncryptionCodec(keyring)
    return replace(ours, payload_codec=codec, failure_converter_class=EncodedShortFailureConverter)


def _sandbox() -> WorkflowRunner:
    passed = SandboxRestrictions.default.with_passthrough_modules(*_all_but_workflows())
    return SandboxedWorkflowRunner(
        restrictions=passed.with_import_notification_policy(
            SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
            | SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )


def _all_but_workflows() -> list[str]:
    children = (f"billflow.{module.name}" for module in pkgutil.iter_modules(billflow.__path__))
    return [name for name in children if name != "billflow.workflows"]

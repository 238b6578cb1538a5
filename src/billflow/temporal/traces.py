"""Traces through workflows and activities: those of the SDK's interceptor, one trace for each run."""

from typing import NoReturn

from opentelemetry.trace import Tracer
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.worker import (
    ContinueAsNewInput,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)


class RunTracing(TracingInterceptor):
    """Carries a trace from who starts, signals or asks a workflow through its run to its activities and children."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(tracer)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[TracingWorkflowInboundInterceptor]:
        """Return the interceptor of workflows."""
        super().workflow_interceptor_class(input)
        return _TracedRun


class _TracedRun(TracingWorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_EndOfTrace(outbound, self.header_key))


class _EndOfTrace(WorkflowOutboundInterceptor):
    """Keeps the trace out of the run that follows: a plan lives for years, and a trace is looked at whole."""

    def __init__(self, next: WorkflowOutboundInterceptor, header_key: str) -> None:  # noqa: A002
        super().__init__(next)
        self._header_key = header_key

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002
        """Begin the next run without the trace of this one."""
        input.headers = {name: value for name, value in input.headers.items() if name != self._header_key}
        super().continue_as_new(input)

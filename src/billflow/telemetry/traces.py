"""Traces by OpenTelemetry: the instrumentations of what a process is made of, each given its object."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import aiohttp
from fastapi import FastAPI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.sqlalchemy.engine import EngineTracer
from opentelemetry.metrics import NoOpMeter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Tracer, get_current_span
from sqlalchemy import Engine

from billflow.telemetry.call_traces import traced_calls
from billflow.telemetry.span_privacy import PrivateExporter

_NAME = "billflow"


class _WithinTrace:
    """Makes spans within others only: what looks for work again and again would be a trace each time."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, name: str, kind: SpanKind) -> Span:
        is_within = get_current_span().get_span_context().is_valid
        return self._tracer.start_span(name, kind=kind) if is_within else INVALID_SPAN


@dataclass(frozen=True)
class Tracing:
    """What traces requests, SQL and calls to Stripe; none of them is traced but what is named here."""

    provider: TracerProvider

    @classmethod
    def to(cls, exporter: SpanExporter) -> "Tracing":
        """Trace to *exporter*; sampling, limits and resource are those of the `OTEL_*` variables."""
        ours: Mapping[str, str] = {SERVICE_NAME: _NAME, SERVICE_VERSION: version(_NAME)}
        provider = TracerProvider(resource=Resource.create(ours).merge(OTELResourceDetector().detect()))
        provider.add_span_processor(BatchSpanProcessor(PrivateExporter(exporter)))
        return cls(provider)

    @classmethod
    def by_otlp(cls) -> "Tracing":
        """Trace to where `OTEL_EXPORTER_OTLP_ENDPOINT` points, by OTLP over HTTP."""
        return cls.to(OTLPSpanExporter())

    @property
    def tracer(self) -> Tracer:
        """Return what makes spans of our own."""
        return self.provider.get_tracer(_NAME, version(_NAME))

    def trace_app(self, app: FastAPI) -> None:
        """Trace the requests to an API, by the pattern of their route."""
        FastAPIInstrumentor.instrument_app(app, tracer_provider=self.provider, exclude_spans=["receive", "send"])

    def trace_database(self, engine: Engine) -> None:
        """Trace the statements of a pool that belong to something traced, without their parameters."""
        usage = NoOpMeter(_NAME).create_up_down_counter("db.client.connections.usage")
        EngineTracer(_WithinTrace(self.tracer), engine, usage)  # type: ignore[no-untyped-call]

    def of_http(self) -> aiohttp.TraceConfig:
        """Return what traces the calls of a session; whom it calls is told the trace's id."""
        return traced_calls(self.tracer)

    def close(self) -> None:
        """Send what waits, and trace nothing more."""
        self.provider.shutdown()

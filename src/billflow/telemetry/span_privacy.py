"""Keep personal data and secrets out of traces: of a span only what is known to hold none leaves the process."""

from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status
from opentelemetry.util.types import Attributes, AttributeValue

SHOWN = frozenset(
    {
        "db.name",
        "db.namespace",
        "db.operation",
        "db.operation.name",
        "db.query.text",
        "db.statement",
        "db.system",
        "db.system.name",
        "error.type",
        "exception.type",
        "http.method",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "http.status_code",
        "net.peer.name",
        "net.peer.port",
        "server.address",
        "server.port",
        "temporalActivityID",
        "temporalActivityType",
        "temporalRunID",
        "temporalWorkflowID",
    }
)
"""The attributes that are sent. SQL has no parameters in it: they are bound."""

ADDRESSES = frozenset({"http.url", "url.full"})
"""Those that are sent of our own calls, without what follows the path: what is searched for may be somebody's address.
Of a request to us the pattern of its route is enough: anybody may write anything into a path."""


class PrivateExporter(SpanExporter):
    """Sends spans by another exporter, without what may be personal: other attributes, and what exceptions say."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans."""
        return self._exporter.export([_shown(span) for span in spans])

    def shutdown(self) -> None:
        """Send nothing more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits, within so many milliseconds; tell whether that was enough."""
        return self._exporter.force_flush(timeout_millis)


def _shown(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_shown_of(span.attributes) | (_addresses(span.attributes) if span.kind is SpanKind.CLIENT else {}),
        events=[Event(event.name, _shown_of(event.attributes), event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _shown_of(found: Attributes) -> dict[str, AttributeValue]:
    return {name: value for name, value in (found or {}).items() if name in SHOWN}


def _addresses(found: Attributes) -> dict[str, AttributeValue]:
    return {name: _without_query(str(value)) for name, value in (found or {}).items() if name in ADDRESSES}


def _without_query(url: str) -> str:
    scheme, host, path, _, _ = urlsplit(url)
    return urlunsplit((scheme, host.rpartition("@")[2], path, "", ""))

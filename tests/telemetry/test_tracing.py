"""One trace leads from a request through workflow and activities to SQL and Stripe, and names nobody."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from sqlalchemy import create_engine, text
from temporalio.plugin import SimplePlugin

from billflow.settings import SettingsError
from billflow.store.session.url import sqlalchemy_url
from billflow.telemetry.otel import tracing_here
from billflow.telemetry.traces import Tracing
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.traces import RunTracing
from tests.api_environment import until
from tests.databases import migrated_database
from tests.environment import MANUAL, Environment, running_environment
from tests.namespaces import fresh_namespace
from tests.telemetry.otlp import Receiver, receiving

FASTAPI = "opentelemetry.instrumentation.fastapi"
STATIONS = {
    "StartUpdateWithStartWorkflow:PlanWorkflow",
    "RunWorkflow:PlanWorkflow",
    "RunActivity:collect",
    "RunActivity:activate",
}
"""What a purchase passes in Temporal."""

BEGIN = datetime(2025, 3, 1, tzinfo=UTC)
PLAN = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 3}


@dataclass(frozen=True)
class Traced:
    """A stack that is traced, and what receives its traces."""

    env: Environment
    receiver: Receiver

    def of_request(self) -> dict[str, list[Span]]:
        """Return the spans in the trace of the request that started a plan, by who made them."""
        found = self.receiver.spans()
        roots = [span for scope, span in found if scope == FASTAPI and span.name == "POST /api/v1/plans"]
        ours = [(scope, span) for scope, span in found if roots and span.trace_id == roots[0].trace_id]
        return {scope: [span for its, span in ours if its == scope] for scope, _ in ours}

    def services(self) -> set[str]:
        """Return whose spans were received."""
        found = [one for request in self.receiver.requests for one in request.resource_spans]
        names = [one for spans in found for one in spans.resource.attributes if one.key == "service.name"]
        return {one.value.string_value for one in names}

    def traces(self, name: str) -> set[bytes]:
        """Return the ids of the traces with a span of that name."""
        return {span.trace_id for _, span in self.receiver.spans() if span.name == name}


@pytest.fixture(scope="module")
def variables() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
async def traced(variables: pytest.MonkeyPatch, postgres_url: str, temporal_server: str) -> AsyncIterator[Traced]:
    database = await migrated_database(postgres_url, "traced")
    with receiving() as receiver:
        variables.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        variables.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        variables.setenv("OTEL_SERVICE_NAME", "billing")
        tracing = tracing_here()
        assert tracing
        fail_fast = SimplePlugin("fail fast", workflow_failure_exception_types=[Exception])
        plugins = [billflow_plugin(strict_imports=True, tracing=RunTracing(tracing.tracer)), fail_fast]
        client = await fresh_namespace(temporal_server, "traced", plugins)
        async with running_environment(client, database, tracing=tracing) as env:
            yield Traced(env, receiver)


async def test_one_trace_leads_from_the_request_to_sql_and_stripe(traced: Traced) -> None:
    env = traced.env
    customer = await env.customer()
    async with env.client(await env.key()) as client:
        (await client.post("/api/v1/plans", json=PLAN | {"customer_id": customer.customer_id})).raise_for_status()

    async def is_whole() -> bool:
        found = traced.of_request()
        names = {span.name for span in found.get("billflow", [])}
        statements = [_attributes(span).get("db.statement", "") for span in found.get("billflow", [])]
        return (
            names >= STATIONS
            and any("INSERT INTO invoice" in statement for statement in statements)
            and any(_attributes(span).get("http.url", "").endswith("/v1/invoices") for span in found["billflow"])
        )

    await until(is_whole)
    assert traced.services() == {"billing"}


async def test_no_trace_holds_a_name_an_address_a_secret_or_a_parameter(traced: Traced) -> None:
    env, canary = traced.env, f"canary-{uuid4().hex}"
    async with env.client(key := await env.key()) as client:
        body = {"name": canary, "email": f"{canary}@acme.example"}
        customer = (await client.post("/api/v1/customers", json=body)).json()
        for path in ("/api/v1/customers", f"/api/v1/{canary}@acme.example"):
            await client.get(path, params={"email": f"{canary}@acme.example"})
        (await client.post("/api/v1/plans", json=PLAN | {"customer_id": customer["id"], "licenses": 0})).json()
        await client.get(f"/api/v1/customers/{customer['id']}", headers={"User-Agent": canary})

    async def was_sent() -> bool:
        return bool(traced.traces("GET /api/v1/customers/{customer_id}"))

    await until(was_sent)
    sent = str(traced.receiver.requests)
    assert "GET /api/v1/customers" in sent
    assert not [secret for secret in (canary, key, "sk_test", "Bearer", "?email") if secret in sent]


def test_what_an_exception_says_and_what_is_not_known_stay_here() -> None:
    sent = InMemorySpanExporter()
    tracing = Tracing.to(sent)
    with suppress(ValueError), tracing.tracer.start_as_current_span("step", kind=SpanKind.CLIENT) as span:
        span.set_attributes({"url.full": "https://u:p@api.example/v1/x?query=ada", "user_agent.original": "ada"})
        raise ValueError("ada@acme.example is no address")
    tracing.close()

    [span_sent] = sent.get_finished_spans()
    assert dict(span_sent.attributes or {}) == {"url.full": "https://api.example/v1/x"}
    assert [dict(event.attributes or {}) for event in span_sent.events] == [{"exception.type": "ValueError"}]
    assert span_sent.status.description is None


def test_sql_is_traced_within_something_else_only(postgres_url: str) -> None:
    sent, engine = InMemorySpanExporter(), create_engine(sqlalchemy_url(postgres_url))
    tracing = Tracing.to(sent)
    tracing.trace_database(engine)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        with tracing.tracer.start_as_current_span("step"):
            connection.execute(text("SELECT CAST(:secret AS text)"), {"secret": "ada"})
    tracing.close()
    engine.dispose()

    inner, outer = sent.get_finished_spans()
    assert (outer.name, (inner.attributes or {})["db.statement"]) == ("step", "SELECT CAST(%(secret)s AS text)")


def _attributes(span: Span) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}


@pytest.mark.full
async def test_the_run_that_follows_has_a_trace_of_its_own(traced: Traced) -> None:
    env = traced.env
    customer = await env.subscriber()
    clock, _ = await env.plan_on_clock(customer, BEGIN, replace(MANUAL, licenses=3))
    for days in (40, 70, 100):
        await env.advance(clock, BEGIN + timedelta(days=days))

    async def several() -> bool:
        return len(traced.traces("RunActivity:close_cycle")) > 1

    await until(several)
    begun = traced.traces("RunWorkflow:PlanWorkflow")
    assert [trace for trace in traced.traces("RunActivity:close_cycle") if trace not in begun]


@pytest.mark.parametrize(
    "variables_set",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_SERVICE_NAME": "billing"},
    ],
)
def test_nothing_is_traced_unless_it_is_asked_for(
    variables_set: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    for name, value in variables_set.items():
        monkeypatch.setenv(name, value)

    assert tracing_here() is None


def test_who_lacks_what_traces_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.delitem(sys.modules, "billflow.telemetry.traces")
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.fastapi", None)

    with pytest.raises(SettingsError, match=r"fastapi is not installed; run: pip install 'billflow\[otel\]'"):
        tracing_here()


@pytest.mark.parametrize(
    ("name", "value", "way_out"),
    [("OTEL_TRACES_EXPORTER", "zipkin", "by otlp"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf")],
)
def test_a_way_that_traces_do_not_take_is_refused_in_one_sentence(
    name: str, value: str, way_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=f"{name} is {value}; .*{way_out}"):
        tracing_here()

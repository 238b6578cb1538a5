"""What Prometheus may know: how requests went, and what waits; no label names a customer or an organization."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billflow.models.contracts.access import WaitingWork
from billflow.models.contracts.queues import QueueRecord
from billflow.telemetry.damaged import damaged_values
from billflow.telemetry.process_metrics import activity_seconds, stripe_rate_limits

ROUTE = "billflow_route"
"""Where a request's route is noted, as its pattern."""

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which several processes keep their numbers together."""

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 75)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """What one process of the API has counted; where `SHARED` is set, in the folder of all its processes too."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("billflow_http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "billflow_http_request_seconds",
            "How long requests took.",
            labels[:2],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        _register_all(self.registry)

    def exposition(self) -> bytes:
        """Return the numbers in Prometheus' text format."""
        return generate_latest(self.registry)


class Waiting:
    """What waits in all organizations, as it was last counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.plans = self._gauge("billflow_plans_needing_attention", "Plans that are on hold.")
        self.on_hold = Gauge(
            "billflow_plans_on_hold", "Plans that are on hold, by why.", ("code",), registry=self.registry
        )
        self.backlog = Gauge(
            "billflow_task_queue_backlog",
            "Tasks that wait for a worker, about.",
            ("task_queue", "type"),
            registry=self.registry,
        )
        self.workflows = self._gauge(
            "billflow_workflows_needing_attention", "Workflows that are on hold, or whose step or request fails."
        )
        self.failing = self._gauge(
            "billflow_workflows_failing_tasks",
            "Workflows that stand still, for their task fails on the workers' version.",
        )
        self.invoices = self._gauge("billflow_invoices_unsent", "Invoices that Stripe does not hold yet.")
        self.webhook = self._gauge(
            "billflow_oldest_open_webhook_seconds", "Age of the oldest event of Stripe's that nobody acted on."
        )
        self.foreign = self._gauge(
            "billflow_foreign_stripe_events", "Events of Stripe's that are kept and belong to no organization."
        )
        self.counted = self._gauge("billflow_counted_timestamp_seconds", "When these were last counted; 0 for never.")

    def update(
        self,
        work: WaitingWork | None,
        workflows: int | None,
        failing: int | None,
        queues: Sequence[QueueRecord] | None,
    ) -> None:
        """Take in what waits now; None, and so not a number, where PostgreSQL or Temporal does not say.

        What has a label is left out then.
        """
        self.on_hold.clear()
        for code, count in (work.plans_on_hold if work else {}).items():
            self.on_hold.labels(code).set(count)
        self.backlog.clear()
        for queue in queues or ():
            self.backlog.labels(queue.queue, "workflow").set(queue.workflows_waiting)
            self.backlog.labels(queue.queue, "activity").set(queue.activities_waiting)
        self.workflows.set(math.nan if workflows is None else workflows)
        self.failing.set(math.nan if failing is None else failing)
        self.plans.set(work.plans_needing_attention if work else math.nan)
        self.invoices.set(work.unsent_invoices if work else math.nan)
        oldest = work.oldest_open_webhook if work else None
        seconds = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0
        self.webhook.set(seconds if work else math.nan)
        self.foreign.set(work.foreign_stripe_events if work else math.nan)
        if work:
            self.counted.set_to_current_time()

    def exposition(self) -> bytes:
        """Return the numbers in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(name, documentation, registry=self.registry)


def shared_exposition(folder: str) -> bytes:
    """Return what several processes have counted in the folder that `SHARED` names to them."""
    MultiProcessCollector(registry := CollectorRegistry(), folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def process_exposition() -> bytes:
    """Return what a process counts that serves no requests."""
    _register_all(registry := CollectorRegistry())
    return generate_latest(registry)


def _register_all(registry: CollectorRegistry) -> None:
    for counted in (damaged_values(), activity_seconds(), stripe_rate_limits()):
        registry.register(counted)


class Measured:
    """Counts and times every request by its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = scope.get(ROUTE, "none")
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.seconds.labels(method, route).observe(time.perf_counter() - begun)

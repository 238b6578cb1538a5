"""What a process counts for Prometheus: how requests and activities went; no label names a customer or organization."""

import time
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billflow.telemetry.damaged import damaged_values
from billflow.telemetry.process_metrics import (
    LAST_SUCCESS,
    activity_seconds,
    invoice_events,
    last_success,
    stripe_rate_limits,
)

ROUTE = "billflow_route"
"""Where a request's route is noted, as its pattern."""

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
        self._of: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        key = (method, route, status)
        if (found := self._of.get(key)) is None:
            found = self._of[key] = self.requests.labels(*key), self.seconds.labels(method, route)
        found[0].inc()
        found[1].observe(seconds)

    def exposition(self) -> bytes:
        """Return the numbers in Prometheus' text format."""
        return generate_latest(self.registry)


def shared_exposition(folder: str) -> bytes:
    """Return what several processes have counted in the folder that `SHARED` names to them."""
    return generate_latest(_of_folder(folder))


def process_exposition() -> bytes:
    """Return what a process counts that serves no requests."""
    return generate_latest(_of_process())


def shared_success(folder: str) -> datetime | None:
    """Return when an activity last succeeded in any of the processes that count in a folder, if one did."""
    return _success_in(_of_folder(folder))


def process_success() -> datetime | None:
    """Return when an activity last succeeded in this process, if one did."""
    return _success_in(_of_process())


def _success_in(registry: CollectorRegistry) -> datetime | None:
    at = registry.get_sample_value(LAST_SUCCESS)
    return datetime.fromtimestamp(at, UTC) if at else None


def _of_folder(folder: str) -> CollectorRegistry:
    MultiProcessCollector(registry := CollectorRegistry(), folder)  # type: ignore[no-untyped-call]
    return registry


def _of_process() -> CollectorRegistry:
    _register_all(registry := CollectorRegistry())
    return registry


def _register_all(registry: CollectorRegistry) -> None:
    for counted in (damaged_values(), activity_seconds(), invoice_events(), last_success(), stripe_rate_limits()):
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
            self.metrics.count(method, route, status, time.perf_counter() - begun)

"""What one process counts whatever it serves; workers and the API show it, and it is in no registry of its own."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Gauge, Histogram

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder in which several processes keep their numbers together; it is read by import."""

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@cache
def activity_seconds() -> "Histogram":
    """Return how long activities took, by their kind (`step` or `activity`), name and result.

    A step is a short transaction of ours, a local activity. The result is `done`, `refused` or `failed`.
    """
    from prometheus_client import Histogram

    return Histogram(
        "billflow_activity_seconds",
        "How long steps and other activities took, by result.",
        ("kind", "activity", "result"),
        buckets=_BUCKETS,
        registry=None,
    )


@cache
def stripe_rate_limits() -> "Counter":
    """Return the counter of requests that Stripe answered with 429."""
    from prometheus_client import Counter

    return Counter("billflow_stripe_rate_limited", "Requests that Stripe answered with 429.", registry=None)


@cache
def invoice_events() -> "Counter":
    """Return the counter of events about invoices, by type: how each was collected, and what became of it."""
    from prometheus_client import Counter

    return Counter("billflow_invoice_events", "Events about invoices, by type.", ("type",), registry=None)


LAST_SUCCESS = "billflow_last_success_timestamp_seconds"
"""The name of that gauge."""


@cache
def last_success() -> "Gauge":
    """Return the gauge of when an activity last succeeded; of several processes the latest counts."""
    from prometheus_client import Gauge

    return Gauge(LAST_SUCCESS, "When an activity last succeeded; 0 for never.", registry=None, multiprocess_mode="max")

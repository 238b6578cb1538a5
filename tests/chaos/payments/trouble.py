"""Everything that can go wrong on the way to Stripe and back, each as often as the others."""

from typing import Any

SHARE = 0.05
STALL = 1500
"""Milliseconds, longer than an impatient worker waits."""

ON_THE_WAY: tuple[dict[str, Any], ...] = (
    {"fault": "latency", "ms": 300, "distribution": "exponential"},
    {"fault": "rate_limit"},
    {"fault": "status", "status": 500},
    {"fault": "fail_in_execution"},
    {"fault": "timeout_before_commit", "ms": STALL},
    {"fault": "timeout_after_commit", "ms": STALL},
    {"fault": "cut_response_after_commit"},
    {"fault": "reset_connection"},
    {"fault": "malformed_json"},
    {"fault": "html_502"},
)
ON_THE_WAY_BACK: tuple[dict[str, Any], ...] = (
    {"fault": "duplicate", "times": 3},
    {"fault": "reorder", "ms": 2000},
    {"fault": "delay", "ms": 1500},
    {"fault": "drop"},
)


def all_trouble() -> dict[str, Any]:
    """Return the rules, as the emulator's control plane takes them."""
    return {
        "requests": [rule | {"probability": SHARE} for rule in ON_THE_WAY],
        "webhooks": [rule | {"probability": SHARE} for rule in ON_THE_WAY_BACK],
    }

"""Stripe's rate limits as token buckets: one per operation and one for everything, for each account."""

import time
from collections.abc import Callable
from dataclasses import dataclass

Rates = tuple[float, float]
# Requests a second: each operation, everything together.
PROFILES: dict[str, Rates] = {"live": (25.0, 100.0), "sandbox": (25.0, 25.0)}
SEARCH = 20.0
UPDATES_AN_HOUR = 1_000
"""Of one payment intent."""

HOUR = 3_600.0


@dataclass(slots=True)
class RateLimiter:
    """Holds at most so many requests: a second's worth of them, or an hour's [assume: the size of the burst]."""

    rate: float
    most: float
    tokens: float
    since: float

    def take(self, now: float) -> bool:
        """Take one token when there is one."""
        self.tokens = min(self.most, self.tokens + (now - self.since) * self.rate)
        self.since = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Limiter:
    """Says which requests are too many; `rates` are those of an operation and of everything, None for no limit."""

    def __init__(self, rates: Rates | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self.rates = rates
        self._now = now
        self._buckets: dict[tuple[str, str], RateLimiter] = {}

    def set(self, rates: Rates | None) -> None:
        """Change the rates and start with full buckets."""
        self.rates = rates
        self._buckets.clear()

    def exceeded(self, account: str, operation: str, path: str = "") -> str | None:
        """Return `global-rate`, `endpoint-rate` or `resource-specific` when the request is one too many, else None."""
        if self.rates is None:
            return None
        each, everything = self.rates
        if operation.endswith(".search"):
            each = min(each, SEARCH)
        now = self._now()
        if not self._bucket(account, "*", everything, now).take(now):
            return "global-rate"
        if not self._bucket(account, operation, each, now).take(now):
            return "endpoint-rate"
        if operation != "payment_intent.update":
            return None
        hourly = RateLimiter(UPDATES_AN_HOUR / HOUR, UPDATES_AN_HOUR, UPDATES_AN_HOUR, now)
        return None if self._buckets.setdefault((account, path), hourly).take(now) else "resource-specific"

    def _bucket(self, account: str, name: str, rate: float, now: float) -> RateLimiter:
        most = max(rate, 1.0)
        return self._buckets.setdefault((account, name), RateLimiter(rate, most, most, now))

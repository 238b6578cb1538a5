"""Stripe's rate limits as token buckets: one per operation and one for everything, for each account."""

import time
from collections.abc import Callable
from dataclasses import dataclass

Rates = tuple[float, float]
# Requests a second: each operation, everything together.
PROFILES: dict[str, Rates] = {"live": (25.0, 100.0), "sandbox": (25.0, 25.0)}
SEARCH = 20.0


@dataclass(slots=True)
class Bucket:
    """Holds at most a second's worth of requests [assume: the size of the burst]."""

    rate: float
    tokens: float
    since: float

    def take(self, now: float) -> bool:
        """Take one token when there is one."""
        self.tokens = min(max(self.rate, 1.0), self.tokens + (now - self.since) * self.rate)
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
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def set(self, rates: Rates | None) -> None:
        """Change the rates and start with full buckets."""
        self.rates = rates
        self._buckets.clear()

    def exceeded(self, account: str, operation: str) -> str | None:
        """Return `global-rate` or `endpoint-rate` when the request is one too many, else None."""
        if self.rates is None:
            return None
        each, everything = self.rates
        if operation.endswith(".search"):
            each = min(each, SEARCH)
        now = self._now()
        if not self._bucket(account, "*", everything, now).take(now):
            return "global-rate"
        return None if self._bucket(account, operation, each, now).take(now) else "endpoint-rate"

    def _bucket(self, account: str, name: str, rate: float, now: float) -> Bucket:
        return self._buckets.setdefault((account, name), Bucket(rate, max(rate, 1.0), now))

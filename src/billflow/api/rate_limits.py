"""How often something may be asked, as one process counts it (decision 0061)."""

import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from billflow.api.lru_cache import LruCache
from billflow.errors import TooManyRequests

MOST_COUNTED = 10_000
"""Names that are counted at once. One that is forgotten after two seconds without a request had all its tokens back."""

_IPV6_NETWORK = 64


@dataclass
class RateLimiter:
    """Tokens that come back at *rate* per second, twice as many at most; times in seconds of one clock."""

    rate: float
    at: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = 2 * self.rate

    def take(self, now: float) -> float:
        """Take one token and return 0, or return after how many seconds there will be one."""
        self.tokens = min(2 * self.rate, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0

    def return_token(self) -> None:
        """Give a token back that was taken for what turned out not to count."""
        self.tokens = min(2 * self.rate, self.tokens + 1)


@dataclass
class RateLimiters:
    """One limiter for each name, such as a key or an address."""

    clock: Callable[[], float]
    _limiters: LruCache[str, RateLimiter] = field(default_factory=lambda: LruCache(MOST_COUNTED), init=False)

    def take(self, name: str, rate: float, message: str) -> RateLimiter:
        """Take a token of *name*; raises `TooManyRequests` with the *message* where there is none."""
        limiter = self._limiters.get(name)
        if limiter is None or limiter.rate != rate:
            limiter = RateLimiter(rate, self.clock())
            self._limiters.set(name, limiter)
        if seconds := limiter.take(self.clock()):
            wait = math.ceil(seconds)
            raise TooManyRequests(f"{message}; go on in {wait} seconds.", retry_after=timedelta(seconds=wait))
        return limiter


def network_of(address: str | None) -> str:
    """Return what one party has for itself: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        known = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(known, ipaddress.IPv6Address):
        return str(known.ipv4_mapped or ipaddress.ip_network((int(known), _IPV6_NETWORK), strict=False))
    return address or ""

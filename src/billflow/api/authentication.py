"""Whom the API lets in: keys that are right, and no more often than they may come."""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from billflow.errors import TooManyRequests, Unauthorized
from billflow.models.contracts.access import ApiKeyRecord, Mode, PresentedKey
from billflow.store.access.api_keys import PostgresApiKeyRepository

CACHED_FOR = 5.0
"""Seconds that a right key is believed without asking again; a revoked one works no longer than that."""

USUAL_RATE = 100
"""Requests per second for a key that names no rate; twice as many may come at once."""

_MOST_CACHED = 10_000


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


@dataclass
class Authentication:
    """The keys of one *mode* as one process knows them; it counts requests for itself (decision 0061)."""

    keys: PostgresApiKeyRepository
    mode: Mode
    clock: Callable[[], float] = time.monotonic
    _known: dict[bytes, tuple[ApiKeyRecord, float]] = field(default_factory=dict, init=False)
    _buckets: dict[str, RateLimiter] = field(default_factory=dict, init=False)

    async def authenticate(self, authorization: str | None) -> ApiKeyRecord:
        """Return the key in an `Authorization` header; raises `Unauthorized` or `TooManyRequests`."""
        kind, _, text = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not text:
            raise Unauthorized(
                "Send an API key: Authorization: Bearer bf_…; see billflow keys.", code="api_key_missing"
            )
        presented = PresentedKey.read(text.strip())
        if presented is not None and presented.mode is not self.mode:
            raise Unauthorized(f"This server is in {self.mode} mode; use a bf_{self.mode}_… key.", code="wrong_mode")
        key = await self._right(presented, hashlib.sha256(text.encode()).digest()) if presented else None
        if key is None:
            raise Unauthorized("The API key is unknown, expired or revoked; see billflow keys.", code="api_key_invalid")
        if seconds := self._bucket(key).take(self.clock()):
            wait = math.ceil(seconds)
            message = f"This key has sent too many requests; go on in {wait} seconds."
            raise TooManyRequests(message, retry_after=timedelta(seconds=wait))
        return key

    async def _right(self, presented: PresentedKey, digest: bytes) -> ApiKeyRecord | None:
        now = datetime.now(UTC)
        known, until = self._known.get(digest, (None, 0.0))
        if known is not None and until > self.clock():
            return known if known.is_valid(now) else None
        key = await self.keys.find_valid(presented, now)
        self._known.pop(digest, None)
        if key is not None:
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
                self._buckets.clear()
            self._known[digest] = (key, self.clock() + CACHED_FOR)
        return key

    def _bucket(self, key: ApiKeyRecord) -> RateLimiter:
        rate = float(key.rate_limit or USUAL_RATE)
        bucket = self._buckets.get(key.key_id)
        if bucket is None or bucket.rate != rate:
            bucket = self._buckets[key.key_id] = RateLimiter(rate, self.clock())
        return bucket

"""Whom the API lets in: keys that are right, and no more often than they may come."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from billflow.api.lru_cache import LruCache
from billflow.api.rate_limits import RateLimiters, network_of
from billflow.errors import Unauthorized
from billflow.models.contracts.access import ApiKeyRecord, Mode, PresentedKey
from billflow.store.access.api_keys import PostgresApiKeyRepository

CACHED_FOR = 5.0
"""Seconds that a right key is believed without asking again; a revoked one works no longer than that."""

USUAL_RATE = 100
"""Requests per second for a key that names no rate; twice as many may come at once."""

WRONG_KEYS_RATE = 20
"""Keys per second that are looked up for one address and turn out wrong; twice as many may come at once."""

MOST_CACHED = 10_000

_BEARER = re.compile(r"(?i:bearer) (\S+)")


@dataclass(frozen=True)
class CachedKey:
    """A key that was right, and until when that is believed, in seconds of the clock."""

    record: ApiKeyRecord
    until: float


@dataclass
class Authentication:
    """The keys of one *mode* as one process knows them (decision 0145); it counts requests for itself."""

    keys: PostgresApiKeyRepository
    mode: Mode
    clock: Callable[[], float] = time.monotonic
    _right: LruCache[bytes, CachedKey] = field(default_factory=lambda: LruCache(MOST_CACHED), init=False)
    _first: WeakValueDictionary[bytes, asyncio.Lock] = field(default_factory=WeakValueDictionary, init=False)
    _requests: RateLimiters = field(init=False)
    _wrong_keys: RateLimiters = field(init=False)

    def __post_init__(self) -> None:
        self._requests, self._wrong_keys = RateLimiters(self.clock), RateLimiters(self.clock)

    async def authenticate(self, authorization: str | None, address: str | None) -> ApiKeyRecord:
        """Return the key in an `Authorization` header that came from an IP address.

        Raises `Unauthorized`, or `TooManyRequests` for a key that comes too often or an address that has sent too many
        wrong ones.
        """
        key = await self._valid(authorization, address)
        if key is None:
            raise Unauthorized("The API key is unknown, expired or revoked; see billflow keys.", code="api_key_invalid")
        self._requests.take(key.key_id, float(key.rate_limit or USUAL_RATE), "This key has sent too many requests")
        return key

    async def _valid(self, authorization: str | None, address: str | None) -> ApiKeyRecord | None:
        bearer = _BEARER.fullmatch(authorization or "")
        if bearer is None:
            raise Unauthorized(
                "Send an API key: Authorization: Bearer bf_…; see billflow keys.", code="api_key_missing"
            )
        name = hashlib.sha256(bearer[1].encode()).digest()
        known = self._right.get(name)
        if known is not None and known.until > self.clock():
            return known.record if known.record.is_valid(datetime.now(UTC)) else None
        presented = PresentedKey.read(bearer[1])
        if presented is None:
            return None
        if presented.mode is not self.mode:
            raise Unauthorized(f"This server is in {self.mode} mode; use a bf_{self.mode}_… key.", code="wrong_mode")
        if known is not None:
            return await self._looked_up(presented, name)
        return await self._first_looked_up(presented, name, network_of(address))

    async def _first_looked_up(self, presented: PresentedKey, name: bytes, network: str) -> ApiKeyRecord | None:
        """Ask the database for a key that was not right before; requests that come with it meanwhile wait for that."""
        lock = self._first.setdefault(name, asyncio.Lock())
        async with lock:
            known = self._right.get(name)
            if known is not None:
                return known.record
            limiter = self._wrong_keys.take(network, WRONG_KEYS_RATE, "This address has sent too many wrong keys")
            key = await self._looked_up(presented, name)
            if key is not None:
                limiter.return_token()
            return key

    async def _looked_up(self, presented: PresentedKey, name: bytes) -> ApiKeyRecord | None:
        """Ask the database. What it says is believed from before it was asked on: it may be revoked meanwhile."""
        until = self.clock() + CACHED_FOR
        key = await self.keys.find_valid(presented, datetime.now(UTC))
        if key is None:
            self._right.remove(name)
        else:
            self._right.set(name, CachedKey(key, until))
        return key

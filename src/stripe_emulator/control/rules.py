"""The rules by which things go wrong, as they are posted to `/_sim/faults`."""

import random
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from stripe_emulator.engine.plan import Call
from stripe_emulator.types import Obj

RequestFault = Literal[
    "latency",
    "status",
    "fail_in_execution",
    "timeout_before_commit",
    "timeout_after_commit",
    "cut_response_after_commit",
    "reset_connection",
    "malformed_json",
    "html_502",
    "lock_timeout",
    "rate_limit",
    "crash_process",
    "stale_read",
]
WebhookFault = Literal["drop", "duplicate", "delay", "reorder", "bad_signature", "old_timestamp", "stop_delivery_until"]
Distribution = Literal["fixed", "uniform", "exponential"]


class Rule(BaseModel):
    """What every rule has: how likely it is, how often it may strike, and from which match on."""

    model_config = ConfigDict(extra="forbid")

    probability: float = Field(default=1.0, ge=0, le=1)
    count: PositiveInt | None = None
    nth: PositiveInt | None = None
    ms: NonNegativeFloat = 0
    _matched: int = 0
    _struck: int = 0

    def applies(self, rng: random.Random) -> bool:
        """Say whether the rule applies to something it matches, and count it."""
        self._matched += 1
        if self.count is not None and self._struck >= self.count:
            return False
        if self.nth is not None and self._matched != self.nth:
            return False
        if self.probability < 1 and rng.random() >= self.probability:
            return False
        self._struck += 1
        return True


class RequestRule(Rule):
    """A fault of requests; `operation`, `path` and `key` are patterns, and all that is given must match."""

    fault: RequestFault
    operation: str = "*"
    method: str = "*"
    path: str = "*"
    key: str = "*"
    customer: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    distribution: Distribution = "fixed"
    status: int = Field(default=500, ge=400, le=599)
    body: Obj | None = None
    headers: dict[str, str] = Field(default_factory=dict)

    def matches(self, call: Call) -> bool:
        """Say whether the rule is about this call."""
        pairs = (
            (call.operation or "", self.operation),
            (call.method, self.method),
            (call.path, self.path),
            (call.key or "", self.key),
        )
        if not all(fnmatchcase(value, pattern) for value, pattern in pairs):
            return False
        if self.customer is not None and self.customer not in (call.tree.get("customer"), *call.path.split("/")):
            return False
        given = call.tree.get("metadata")
        return not self.metadata or (isinstance(given, dict) and self.metadata.items() <= given.items())

    def seconds(self, rng: random.Random) -> float:
        """Return how long this time, by the rule's distribution around `ms`."""
        mean = self.ms / 1000
        if self.distribution == "uniform":
            return rng.uniform(0, 2 * mean)
        return rng.expovariate(1 / mean) if self.distribution == "exponential" and mean else mean


class WebhookRule(Rule):
    """A fault of deliveries; `event` is a pattern of types, `until` seconds on the server's clock."""

    fault: WebhookFault
    event: str = "*"
    times: PositiveInt = 2
    until: float = 0.0

    def matches(self, event_type: str) -> bool:
        """Say whether the rule is about events of this type."""
        return fnmatchcase(event_type, self.event)

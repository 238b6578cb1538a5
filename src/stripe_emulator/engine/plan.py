"""What is to go wrong with one request; the control plane makes the plans, the executor carries them out."""

from dataclasses import dataclass, field
from typing import Protocol

from stripe_emulator.types import Obj
from stripe_emulator.wire.messages import Response


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has an account; `operation` is None when the path names nothing, `tree` when it is undecodable."""

    account: str
    operation: str | None
    method: str
    path: str
    tree: Obj
    key: str | None
    request_id: str


@dataclass(slots=True)
class Plan:
    """The faults of one request; times are seconds.

    `refusal` answers before anything is executed or stored. `latency` passes while the key is in progress.
    `after` names what happens to the answer once everything is committed. A retrieval answers as of `stale` ago.
    """

    refusal: Response | None = None
    latency: float = 0.0
    fails: bool = False
    never_commits: float | None = None
    stall: float = 0.0
    after: str = ""
    stale: float = 0.0
    names: list[str] = field(default_factory=list)


class Faults(Protocol):
    """Where plans come from, and who hears of the outcome."""

    def plan(self, call: Call) -> Plan:
        """Return what is to go wrong with this call."""
        ...

    async def delay(self, seconds: float) -> None:
        """Hold a request up for so long at most."""
        ...

    def record(self, call: Call, outcome: str, response: Response) -> None:
        """Note how the call ended: executed, replayed, refused, invalid or conflict."""
        ...

"""An emulator that fails on purpose: what is to go wrong is planned per operation, and every call is written down."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import aiohttp

from stripe_emulator.engine.plan import Call, Plan
from stripe_emulator.server import StripeEmulator
from stripe_emulator.wire.messages import Response, encode
from tests.waiting import PATIENCE

PATIENT = aiohttp.ClientTimeout(PATIENCE)
IMPATIENT = aiohttp.ClientTimeout(PATIENCE, sock_read=0.4)
STALL = 0.6

LOST_RESPONSES = {
    "cut": Plan(after="cut"),
    "reset": Plan(after="reset"),
    "html": Plan(after="html"),
    "malformed": Plan(after="malformed"),
    "timeout": Plan(stall=STALL),
    "never carried out": Plan(never_commits=0.0),
}
"""Ways in which a request fails for its sender; all but the last are carried out all the same.

The stall is one for impatient clients only.
"""


def refusal(status: int, code: str, **headers: str) -> Plan:
    """Plan an error before anything is executed."""
    body = {"error": {"type": "invalid_request_error", "code": code, "message": f"planned: {code}"}}
    return Plan(refusal=Response(status, encode(body), dict(headers)))


class Trouble:
    """The faults of one server: those planned for an operation are used up one per call."""

    def __init__(self, server: StripeEmulator) -> None:
        self.server = server
        self.planned: dict[str, list[Plan]] = defaultdict(list)
        self.calls: list[tuple[str, str | None, str]] = []
        self.offset = timedelta()
        self._met = asyncio.Event()

    def plan(self, call: Call) -> Plan:
        """Return what is to go wrong with this call."""
        waiting = self.planned[call.operation or ""]
        return waiting.pop(0) if waiting else Plan()

    async def delay(self, seconds: float) -> None:
        """Hold a call up for so long, or until another one meets it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._met.wait()

    def record(self, call: Call, outcome: str, response: Response) -> None:
        """Write the call down."""
        if outcome == "conflict":
            self._met.set()
        self.calls.append((call.operation or "", call.key, outcome))

    def at(self, operation: str, *plans: Plan) -> None:
        """Have the next calls of the operation fail like this."""
        self.planned[operation].extend(plans)

    def executed(self, operation: str) -> list[str | None]:
        """Return the keys of the calls that were carried out, in order."""
        return [key for name, key, outcome in self.calls if name == operation and outcome == "executed"]

    def pass_hours(self, hours: int) -> None:
        """Let the server's time and ours go by, so that its keys grow old."""
        assert self.server._runtime
        self.server._runtime.services.clock.advance(hours * 3600)
        self.offset += timedelta(hours=hours)

    def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC) + self.offset


@contextmanager
def troubled_server() -> Iterator[Trouble]:
    """Yield the faults of a server of one's own."""
    with StripeEmulator() as server:
        trouble = Trouble(server)
        assert server._runtime
        server._runtime.handler.faults = trouble
        yield trouble

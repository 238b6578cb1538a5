"""Calls about test clocks, whose plans live through years in seconds."""

from datetime import datetime

from billflow.client.calls import Call, get, write
from billflow.models.contracts.responses import TestClockList, TestClockResponse

_PATH = "/test-clocks"


def create(now_at: datetime, name: str = "", *, key: str | None = None) -> Call[TestClockResponse]:
    """Create a clock that stands still at a moment."""
    return write("POST", _PATH, TestClockResponse, {"now_at": now_at, "name": name}, key)


def search(*, limit: int = 50, after: str | None = None) -> Call[TestClockList]:
    """List clocks, the newest first."""
    return get(_PATH, TestClockList, limit=limit, after=after)


def show(test_clock_id: str) -> Call[TestClockResponse]:
    """Show where a clock stands."""
    return get(f"{_PATH}/{test_clock_id}", TestClockResponse)


def advance(test_clock_id: str, to: datetime, *, key: str | None = None) -> Call[TestClockResponse]:
    """Move a clock forward; answers once everything due on the way is billed and collected."""
    return write("POST", f"{_PATH}/{test_clock_id}/advance", TestClockResponse, {"to": to}, key)

"""What activities need of test clocks."""

from typing import Protocol

from billflow.models.contracts.test_clocks import ClockRecord


class TestClockRepository(Protocol):
    """Test clocks as rows."""

    async def get(self, org_id: str, clock_id: str) -> ClockRecord:
        """Return a test clock; raises `NotFound`."""

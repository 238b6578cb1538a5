"""What signals brought to a plan's workflow, until it is taken in."""

from collections import deque
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.models.contracts.invoices import InvoiceStatusChanged
    from billflow.models.contracts.steps import CommandRequest


class PlanInbox:
    """Commands and changes of invoices in the order they came, and what else is to be looked at.

    `clock_at` is where the plan's test clock stands, None for real time; it never moves back. With `retry_now` seats
    were reported or the clock has moved: what is on hold may go on.
    """

    def __init__(self, clock_at: datetime | None) -> None:
        self.commands: deque[CommandRequest] = deque()
        self.invoice_changes: deque[InvoiceStatusChanged] = deque()
        self.customer_changed = False
        self.retry_now = False
        self.clock_at = clock_at

    @property
    def is_empty(self) -> bool:
        """Tell whether everything was taken in."""
        return not (self.commands or self.invoice_changes or self.customer_changed or self.retry_now)

    def now(self) -> datetime:
        """Return the plan's time: its test clock's, or the present."""
        return self.clock_at or workflow.now()

    def move_clock(self, to: datetime | None) -> None:
        """Move the test clock forward; None leaves it."""
        if to is not None:
            self.clock_at = max(self.clock_at or to, to)

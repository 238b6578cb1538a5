"""What was brought to a plan's workflow by signals and by its own invoices, until it is taken in."""

from collections import deque
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.domain.invoicing.draft import InvoiceKind
    from billflow.models.contracts.invoices import Closed, CollectionOutcome, InvoiceStatusChanged, InvoiceSummary, Paid
    from billflow.models.contracts.plans import PlanInput, PurchaseOutcome, WaitingSignals
    from billflow.models.contracts.steps import CommandRequest

MOST_CARRIED = 1000
"""Commands that a run leaves to the next one; a payload may have 2 MB, and a command has a few hundred bytes."""


class PlanInbox:
    """Commands, changes of invoices and outcomes in the order they came, and what else is to be looked at.

    `clock_at` is where the plan's test clock stands, None for real time; it never moves back. With `retry_now` seats
    or an address came, or the clock has moved: what is on hold may go on.
    """

    def __init__(self, run: PlanInput) -> None:
        waiting = run.waiting or WaitingSignals()
        self.commands: deque[CommandRequest] = deque(waiting.commands)
        self.invoice_changes: deque[InvoiceStatusChanged] = deque(waiting.invoice_changes)
        self.outcomes: deque[PurchaseOutcome] = deque(waiting.outcomes)
        self.customer_changed = waiting.customer_changed
        self.retry_now = False
        self.clock_at = run.state.clock_at

    @property
    def is_empty(self) -> bool:
        """Tell whether everything was taken in."""
        return not (self.commands or self.has_changes)

    @property
    def has_changes(self) -> bool:
        """Tell whether something waits that is no command."""
        return bool(self.invoice_changes or self.outcomes or self.customer_changed or self.retry_now)

    @property
    def can_be_carried(self) -> bool:
        """Tell whether the next run can take what waits."""
        return len(self.commands) + len(self.invoice_changes) <= MOST_CARRIED

    def carried(self) -> WaitingSignals | None:
        """Return what waits, for the next run; None where nothing does."""
        if self.is_empty:
            return None
        return WaitingSignals(
            commands=tuple(self.commands),
            invoice_changes=tuple(self.invoice_changes),
            outcomes=tuple(self.outcomes),
            customer_changed=self.customer_changed,
        )

    def take_outcome(self, invoice: InvoiceSummary, outcome: CollectionOutcome) -> bool:
        """Note what came of collecting an invoice; return whether nothing is left to collect."""
        if invoice.kind is not InvoiceKind.PURCHASE:
            return isinstance(outcome, Paid | Closed)
        purchase = PurchaseOutcome(invoice_id=invoice.invoice_id, outcome=outcome)
        self.outcomes.append(purchase)
        return purchase.is_final

    def now(self) -> datetime:
        """Return the plan's time: its test clock's, or the present."""
        return self.clock_at or workflow.now()

    def move_clock(self, to: datetime | None) -> None:
        """Move the test clock forward; None leaves it."""
        if to is not None:
            self.clock_at = max(self.clock_at or to, to)

"""What activities are asked to do to a plan; each carries the key under which it happens once."""

from typing import Any

from pydantic import Field

from billflow.models.contracts.base import Command, Contract, Moment
from billflow.models.contracts.invoices import InvoiceStatus


class PlanRef(Contract):
    """One plan of one organization."""

    org_id: str
    plan_id: str


class StepInfo(Contract):
    """What the records record about a step: who asked for what, as of when, under which key it happens once.

    `kind` is billing_date, command, activate, abandon, resume, late_start or backfilled; `detail` is the request,
    for the audit log.
    """

    key: str
    kind: str
    at: Moment
    actor: str = "system"
    request_id: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


class BillingDateInput(PlanRef):
    """Close the plan's billing date `at`; `behind` tells that it should have been closed a day ago or more."""

    at: Moment
    behind: bool = False

    @property
    def key(self) -> str:
        """Return the step's key: a billing date is closed once."""
        return f"{self.plan_id}/{self.at.isoformat()}"


def command_key(plan_id: str, command_id: str) -> str:
    """Return the key under which a plan takes a command once."""
    return f"{plan_id}/command/{command_id}"


class CommandInput(PlanRef):
    """Take one command; the same `command_id` gives the first answer again."""

    command_id: str
    command: Command
    at: Moment
    actor: str
    request_id: str | None = None

    @property
    def key(self) -> str:
        """Return the step's key: a command is taken once."""
        return command_key(self.plan_id, self.command_id)


class ActivateInput(PlanRef):
    """Start the plan whose purchase `invoice_id` is paid."""

    invoice_id: str
    at: Moment

    @property
    def key(self) -> str:
        """Return the step's key: a purchase starts a plan once."""
        return f"{self.plan_id}/activate/{self.invoice_id}"


class AbandonInput(PlanRef):
    """End the plan whose purchase came to nothing."""

    invoice_id: str
    reason: str
    at: Moment

    @property
    def key(self) -> str:
        """Return the step's key: a purchase is given up once."""
        return f"{self.plan_id}/abandon/{self.invoice_id}"


class ResumeInput(PlanRef):
    """Resume billing after a suspension that ended at `at`."""

    at: Moment

    @property
    def key(self) -> str:
        """Return the step's key: each reactivation resumes once."""
        return f"{self.plan_id}/resume/{self.at.isoformat()}"


class BackfillInput(PlanRef):
    """Tell the customer once of all `invoice_ids` that were made late, in the order they were made."""

    invoice_ids: tuple[str, ...]
    at: Moment

    @property
    def key(self) -> str:
        """Return the step's key: each backfilling is told once."""
        return f"{self.plan_id}/backfilled/{self.invoice_ids[-1]}"


class CommandRequest(Contract):
    """What callers send to a plan's workflow, by update or by signal."""

    command_id: str
    command: Command
    actor: str
    request_id: str | None = None


class InvoicePaymentResult(Contract):
    """News about an invoice: it was paid, voided or given up, as of `at`."""

    invoice_id: str
    status: InvoiceStatus
    at: Moment

"""The steps of a plan: what each takes, and the key under which it happens once."""

from typing import Any, ClassVar

from pydantic import Field

from billflow.models.contracts.base import Command, Contract, Moment
from billflow.models.contracts.keys import NamespacedKey


class PlanRef(Contract):
    """One plan of one organization."""

    org_id: str
    plan_id: str


class KnownPlan(PlanRef):
    """One plan as its workflow knows it: its `version` then."""

    version: int


class StepInput(Contract):
    """One step of a plan as of `at`; the database records who asked for it and what for, under its key."""

    kind: ClassVar[str]
    plan: PlanRef
    at: Moment
    actor: str = "system"
    request_id: str | None = None

    @property
    def key(self) -> str:
        """Return the key under which the step is taken once, by default once for each kind and moment."""
        return self._key(self.at.isoformat())

    @property
    def detail(self) -> dict[str, Any]:
        """Return the request as data, for the audit log."""
        return self.model_dump(mode="json", exclude={"plan", "at", "actor", "request_id"})

    def _key(self, name: str) -> str:
        return f"{self.plan.plan_id}/{self.kind}/{name}"


class CloseCycleInput(StepInput):
    """Do what is due on the billing date `at`; `backfill` tells that it was due a day ago or more."""

    kind = "close_cycle"
    backfill: bool = False

    @property
    def key(self) -> str:
        """Return the step's key: what is due on a date is done once."""
        return f"{self.plan.plan_id}/{self.at.isoformat()}"


class CommandRequest(Contract):
    """What callers send to a plan's workflow, by update or by signal; a plan takes each `command_id` once.

    With a `plan_version` the plan takes it only while that is its version.
    """

    command_id: NamespacedKey
    command: Command
    actor: str
    request_id: str | None = None
    plan_version: int | None = Field(None, exclude_if=lambda version: version is None)

    def key_of(self, plan: PlanRef) -> str:
        """Return the key under which the plan takes the command."""
        return f"{plan.plan_id}/command/{self.command_id}"


class CommandInput(CommandRequest, StepInput):
    """Take one command; the same one gives the first result again."""

    kind = "command"

    @property
    def key(self) -> str:
        """Return the step's key: a command is taken once."""
        return self.key_of(self.plan)


class PurchaseInput(StepInput):
    """A step about the invoice that buys a plan; each kind is taken once for an invoice."""

    invoice_id: str

    @property
    def key(self) -> str:
        """Return the step's key."""
        return self._key(self.invoice_id)


class CommandsInput(Contract):
    """Take several commands as of `at` in their order, each as a step of its own."""

    plan: PlanRef
    at: Moment
    requests: tuple[CommandRequest, ...]

    def step(self, request: CommandRequest) -> CommandInput:
        """Return one of the commands as the step it is."""
        return CommandInput(**dict(request), plan=self.plan, at=self.at)


class StepFailure(Contract):
    """A step that fails: its name, since when, by which error, and when it is tried next, all in real time."""

    step: str
    error: str
    since: Moment
    retry_at: Moment


class ActivateInput(PurchaseInput):
    """Start the plan whose purchase is paid."""

    kind = "activate"


class AbandonInput(PurchaseInput):
    """End the plan whose purchase came to nothing."""

    kind = "abandon"
    reason: str


class LateStartInput(PurchaseInput):
    """Start a new plan for the invoice of an ended trial, which was paid late."""

    kind = "late_start"


class ResumeInput(StepInput):
    """Resume billing after a suspension that ended at `at`."""

    kind = "resume"


class BackfillInput(StepInput):
    """Record once that `invoice_ids`, in the order they were made, were made late, for one notice of them all."""

    kind = "backfill"
    invoice_ids: tuple[str, ...]

    @property
    def key(self) -> str:
        """Return the step's key: each backfill is told of once."""
        return self._key(self.invoice_ids[-1])

"""One command for many plans: a dry run fixes which, and then each of them is given it, once."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from billflow.domain.discounts import Preview
from billflow.domain.errors import BillingError
from billflow.domain.preview import invoices_of
from billflow.models.contracts.base import Command, Contract, Moment, RequestModel
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.previews import PlanChange, PreviewResponse
from billflow.models.contracts.records import PlanFilter
from billflow.models.contracts.responses import ListResponse, ResourceResponse, left_out, shown_as
from billflow.models.contracts.steps import CommandRequest, PlanRef

MOST_PLANS = 10_000
"""Plans of one batch."""

CONFIRMABLE = timedelta(hours=24)
"""How long after its dry run a batch may be confirmed."""


class BatchStatus(StrEnum):
    """Where a batch stands: its dry run goes on or is over, its commands are given, or nothing is left to do."""

    PREVIEWING = "previewing"
    PREVIEWED = "previewed"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELED = "canceled"


class BatchItemStatus(StrEnum):
    """What became of one plan of a batch.

    It waits for its dry run, is ready for the command, is refused, by the dry run or since, has taken the command, or
    gave no answer.
    """

    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"
    DONE = "done"
    FAILED = "failed"


class BatchFilter(PlanFilter):
    """Which plans a batch is about: those that run and fit all that is named."""

    model_config = ConfigDict(extra="forbid")

    @property
    def named(self) -> dict[str, Any]:
        """Return what is named, as data."""
        return self.model_dump(mode="json", exclude_none=True)


class PlanBatchCreate(RequestModel):
    """A command, and the plans to give it to; what it would do to each is found out first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"command": {"type": "retry"}, "plans": {"attention": "license_gate"}}]}
    )

    command: Command
    plans: BatchFilter


class BatchRef(Contract):
    """One batch of one organization."""

    org_id: str
    plan_batch_id: str


class BatchInput(BatchRef):
    """The part of a batch that a workflow does: its dry run while it is `previewing`, its commands while `running`."""

    phase: BatchStatus

    @property
    def takes(self) -> BatchItemStatus:
        """Return where the plans stand that are still to be done."""
        return BatchItemStatus.WAITING if self.phase is BatchStatus.PREVIEWING else BatchItemStatus.READY


class BatchPlan(Contract):
    """A plan of a batch, and its version at the dry run; None before that."""

    plan_id: str
    version: int | None = None

    def ref(self, batch: BatchRef) -> PlanRef:
        """Return which plan it is."""
        return PlanRef(org_id=batch.org_id, plan_id=self.plan_id)


class BatchWork(Contract):
    """The next plans of a part of a batch, and the command that each is given on behalf of `actor`."""

    command: Command
    actor: str
    plans: tuple[BatchPlan, ...]

    def request(self, batch: BatchRef, plan: BatchPlan) -> CommandRequest:
        """Return the command as a plan takes it: once for each batch, and only as the plan was at the dry run."""
        key = KeyNamespace.BATCH.key(batch.plan_batch_id)
        return CommandRequest(command_id=key, command=self.command, actor=self.actor, plan_version=plan.version)


class BatchPreview(Contract):
    """What the command would do to a plan of this `version`; amounts in minor units of its currency.

    `billed` is invoiced at once, with what has been due for long where the plan was on hold.
    """

    version: int
    changes: tuple[PlanChange, ...] = ()
    billed: int = 0
    next_invoice_before: int | None = None
    next_invoice_after: int | None = None

    @classmethod
    def of(cls, plan: PlanState, found: Preview) -> Self:
        """Return what a preview says of a plan."""
        before, following = found.comparison.next_invoice_before, found.comparison.next_invoice_after
        return cls(
            version=plan.version,
            changes=PlanChange.between(plan, PreviewResponse.of_preview(found)),
            billed=sum(draft.total for draft in (*found.due, *invoices_of(found.outcome))),
            next_invoice_before=before.total if before else None,
            next_invoice_after=following.total if following else None,
        )


class BatchItemResult(Contract):
    """What came of one plan: its status, and the code and sentence of what was in the way."""

    status: BatchItemStatus
    code: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, status: BatchItemStatus, error: BillingError) -> Self:
        """Return an error as a result."""
        return cls(status=status, code=error.code, message=error.public or error.message)


class BatchCounts(Contract):
    """How many plans of a batch stand where."""

    waiting: int = 0
    ready: int = 0
    refused: int = 0
    done: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """Return how many plans there are."""
        return self.waiting + self.ready + self.refused + self.done + self.failed


class BatchTotal(Contract):
    """What the plans in one currency come to that take the command; amounts in its minor units."""

    currency: str
    plans: int
    billed: int
    next_invoices_before: int
    next_invoices_after: int


class PlanBatchRecord(BatchRef):
    """A batch as it stands; `reason` is why it was confirmed."""

    command: Command
    plans: BatchFilter
    status: BatchStatus
    created_by: str
    created_at: Moment
    previewed_at: Moment | None = None
    reason: str | None = None
    confirmed_by: str | None = None
    confirmed_at: Moment | None = None
    finished_at: Moment | None = None
    counts: BatchCounts = BatchCounts()
    totals: tuple[BatchTotal, ...] = ()

    @property
    def phase(self) -> BatchStatus | None:
        """Return the part that a workflow does now, None where it has nothing to do."""
        return self.status if self.status in (BatchStatus.PREVIEWING, BatchStatus.RUNNING) else None


class PlanBatchItem(Contract):
    """One plan of a batch: what the command would do to it or has done, or why not; amounts in minor units.

    `billed` is invoiced at once, `next_invoice_before` and `next_invoice_after` are the plan's next invoice without the
    command and with it.
    """

    position: int
    plan_id: str
    customer_id: str
    customer_name: str
    tier: str
    currency: str
    status: BatchItemStatus
    changes: tuple[PlanChange, ...]
    billed: int | None
    next_invoice_before: int | None
    next_invoice_after: int | None
    code: str | None
    message: str | None
    at: Moment | None


class PlanBatchResponse(ResourceResponse, PlanBatchRecord):
    """A batch of plans."""

    org_id: str = left_out()
    plan_batch_id: str = shown_as("id", "plan_batch_id")


class PlanBatchList(ListResponse):
    """Batches of plans, the newest first."""

    rows: list[PlanBatchResponse] = shown_as("plan_batches", "rows")


class PlanBatchItemList(ListResponse):
    """The plans of a batch, the newest first."""

    rows: list[PlanBatchItem] = shown_as("items", "rows")


class BatchConfirm(RequestModel):
    """Why the command is given, for the audit log."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the license gate was lifted"}]})

    reason: Annotated[str, Field(min_length=1, max_length=2000)]

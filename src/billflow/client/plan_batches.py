"""Calls about batches of plans: one command for each that fits a filter, after a dry run."""

from typing import Any

from billflow.client.calls import Call, get, given, write
from billflow.domain.commands import PlanCommand
from billflow.models.contracts.plan_batches import (
    BatchItemStatus,
    PlanBatchItemList,
    PlanBatchList,
    PlanBatchResponse,
)

_PATH = "/plan-batches"


def create(command: PlanCommand, *, key: str | None = None, **plans: Any) -> Call[PlanBatchResponse]:
    """Begin the dry run of a command for the plans that *plans* filter, such as tier or attention."""
    return write("POST", _PATH, PlanBatchResponse, {"command": command, "plans": given(**plans)}, key)


def search(*, limit: int = 50, after: str | None = None) -> Call[PlanBatchList]:
    """List batches, the newest first."""
    return get(_PATH, PlanBatchList, limit=limit, after=after)


def show(plan_batch_id: str) -> Call[PlanBatchResponse]:
    """Show how far a batch is, and what its plans come to."""
    return get(f"{_PATH}/{plan_batch_id}", PlanBatchResponse)


def items(
    plan_batch_id: str, *, status: BatchItemStatus | None = None, limit: int = 50, after: str | None = None
) -> Call[PlanBatchItemList]:
    """List the plans of a batch: what the command would do to each or has done, or why not."""
    return get(f"{_PATH}/{plan_batch_id}/items", PlanBatchItemList, status=status, limit=limit, after=after)


def confirm(plan_batch_id: str, reason: str, *, key: str | None = None) -> Call[PlanBatchResponse]:
    """Give the command to every plan that is ready; one that has changed since the dry run is refused."""
    return write("POST", f"{_PATH}/{plan_batch_id}/confirm", PlanBatchResponse, {"reason": reason}, key)


def cancel(plan_batch_id: str, reason: str | None = None, *, key: str | None = None) -> Call[PlanBatchResponse]:
    """Give the command to no more plans; those that have taken it keep it."""
    return write("POST", f"{_PATH}/{plan_batch_id}/cancel", PlanBatchResponse, given(reason=reason), key)

"""Batches of plans: one command for each that fits a filter, after a dry run."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query
from pydantic import ConfigDict

from billflow.api.changes import ChangeHere, ExplainedSupportChange
from billflow.api.fields import KeyHere, PagingHere
from billflow.api.principal import PrincipalHere, SupportHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.plan_batches import (
    BatchConfirm,
    BatchItemStatus,
    BatchRef,
    PlanBatchCreate,
    PlanBatchItemList,
    PlanBatchList,
    PlanBatchRecord,
    PlanBatchResponse,
)
from billflow.models.contracts.records import Paging

router = api_router("plan batches", "/plan-batches")


class BatchItemQuery(Paging):
    """Which plans of a batch to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")

    status: BatchItemStatus | None = None


async def _batch(plan_batch_id: str, principal: PrincipalHere) -> BatchRef:
    return BatchRef(org_id=principal.org_id, plan_batch_id=plan_batch_id)


BatchHere = Annotated[BatchRef, Depends(_batch)]
"""The batch of the caller's organization that the path names."""


@router.post("", status_code=HTTPStatus.ACCEPTED, response_model=PlanBatchResponse)
async def create_batch(
    asked: PlanBatchCreate, services: ServicesHere, principal: SupportHere, key: KeyHere, change: ChangeHere
) -> PlanBatchRecord:
    """Fix which plans a command is meant for, and find out what it would do to each; nothing is changed.

    The dry run goes on in the background: look at the batch until it is `previewed`, then confirm it within a day.
    """
    return await services.plan_batches.create(principal.org_id, asked, key, change, principal.scopes)


@router.get("")
async def list_batches(services: ServicesHere, principal: PrincipalHere, paging: PagingHere) -> PlanBatchList:
    """List batches, the newest first."""
    return PlanBatchList.of(await services.repositories.plan_batches.search(principal.org_id, paging))


@router.get("/{plan_batch_id}", response_model=PlanBatchResponse)
async def show_batch(batch: BatchHere, services: ServicesHere) -> PlanBatchRecord:
    """Show how far a batch is, and what its plans come to."""
    return await services.repositories.plan_batches.get(batch)


@router.get("/{plan_batch_id}/items")
async def list_batch_items(
    batch: BatchHere, services: ServicesHere, which: Annotated[BatchItemQuery, Query()]
) -> PlanBatchItemList:
    """List the plans of a batch: what the command would do to each or has done, or why not."""
    return PlanBatchItemList.of(await services.repositories.plan_batches.items(batch, which, which.status))


@router.post("/{plan_batch_id}/confirm", status_code=HTTPStatus.ACCEPTED, response_model=PlanBatchResponse)
async def confirm_batch(
    batch: BatchHere, asked: BatchConfirm, services: ServicesHere, principal: SupportHere, change: ChangeHere
) -> PlanBatchRecord:
    """Give the command to every plan that is ready, in the background; one that has changed since is refused."""
    return await services.plan_batches.confirm(batch, asked.reason, change, principal.scopes)


@router.post("/{plan_batch_id}/cancel", response_model=PlanBatchResponse)
async def cancel_batch(batch: BatchHere, services: ServicesHere, change: ExplainedSupportChange) -> PlanBatchRecord:
    """Give the command to no more plans; those that have taken it keep it."""
    return await services.repositories.plan_batches.cancel(batch, change)

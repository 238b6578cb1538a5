"""Small workflows that show what the plugin does to a workflow module."""

from datetime import UTC, datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

    from billflow.temporal import search_attributes


class Seats(BaseModel):
    """A payload that only the pydantic converter can carry."""

    licenses: int
    seen_at: datetime


@workflow.defn
class EchoWorkflow:
    @workflow.run
    async def run(self, seats: Seats) -> Seats:
        workflow.upsert_search_attributes([search_attributes.NEEDS_ATTENTION.value_set(value=False)])
        return seats


@workflow.defn(failure_exception_types=[Exception])
class WallClockWorkflow:
    @workflow.run
    async def run(self) -> str:
        return datetime.now(UTC).isoformat()

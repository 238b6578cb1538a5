"""The figures of the whole business: from the records, and of the task queues from Temporal."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from temporalio.service import RPCError

from billflow.models.contracts.business import BusinessReport, TaskQueueAge
from billflow.store.session.repositories import Queries
from billflow.temporal.queue_rates import queues
from billflow.temporal.workflow_control import WorkflowControl

PATIENCE = 2.0
"""Seconds that Temporal has to say how long work waits; the other figures don't wait for it any longer."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BusinessService:
    """The business as its callers see it."""

    control: WorkflowControl
    queries: Queries

    async def report(self, org_id: str, at: datetime) -> BusinessReport:
        """Return all figures as of *at*; those of task queues are None where Temporal does not answer."""
        report, ages = await asyncio.gather(self.queries.business.report(org_id, at), self._task_queues(at))
        return report.model_copy(update={"task_queues": ages})

    async def _task_queues(self, at: datetime) -> tuple[TaskQueueAge, ...] | None:
        try:
            async with asyncio.timeout(PATIENCE):
                found = await queues(self.control.client)
        except (RPCError, TimeoutError) as error:
            _log.warning("ages of task queues are missing", error=repr(error))
            return None
        return tuple(
            TaskQueueAge(
                queue=one.queue,
                oldest=at - timedelta(seconds=one.oldest_seconds) if one.oldest_seconds else None,
                workers=one.workers,
            )
            for one in found
        )

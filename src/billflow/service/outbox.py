"""From the outbox to the delivery streams: a loop in every worker routes new events and wakes who delivers them."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from billflow.models.contracts.endpoints import DeliveryStream
from billflow.store.webhooks.outbox import MOST_ROUTED, PostgresOutboxRepository
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import customer_update_workflow, delivery_workflow

LOOK_SECONDS = 1.0
"""How long an event may wait to be noticed; those that come meanwhile are routed together."""

_log = structlog.get_logger(__name__)


async def wake(control: WorkflowControl, streams: Iterable[DeliveryStream]) -> None:
    """Signal each stream that there is something to send."""
    for stream in streams:
        await control.start(delivery_workflow(stream), "wake")


@dataclass
class OutboxRelay:
    """Runs from `async with` on until its end; several processes may run one each, and any may be killed.

    An event leaves the outbox only after its streams were woken, so that whatever was interrupted is done again.
    """

    outbox: PostgresOutboxRepository
    control: WorkflowControl
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        """Begin."""
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End at once; what is left waits for the next one."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def relay(self) -> int:
        """Route the events that wait, and return how many there were."""
        done = 0
        for org_id in await self.outbox.organizations_with_new_events():
            routed = await self.outbox.route(org_id)
            await wake(self.control, routed.streams)
            for customer in routed.renamed:
                await self.control.start(customer_update_workflow(customer), "changed")
            for plan_id in routed.taxable_plan_ids:
                await self.control.signal(plan_workflow_id(plan_id), "seats_reported")
            for invoice_id in routed.taxable_invoice_ids:
                await self.control.signal(collection_workflow_id(invoice_id), "retry")
            await self.outbox.dequeue(org_id, routed.event_ids)
            done += len(routed.event_ids)
        return done

    async def _run(self) -> None:
        while True:
            worked = 0
            try:
                worked = await self.relay()
            except Exception as error:  # noqa: BLE001  (whatever it was, it is tried again)
                _log.warning("events can't be relayed now", error=type(error).__name__)
            if worked < MOST_ROUTED:
                await asyncio.sleep(LOOK_SECONDS)

"""From the outbox to the lanes: a loop in every worker that notices new events and wakes who delivers them."""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.delivery import Lane
from billflow.ports.delivery import Outbox
from billflow.temporal.ids import delivery_workflow_id, naming_workflow_id
from billflow.temporal.queues import BILLFLOW, DELIVERY
from billflow.workflows.delivery import DeliveryWorkflow
from billflow.workflows.naming import NamingWorkflow

LOOK_SECONDS = 1.0
"""How long an event may wait to be noticed."""

SWEEP = timedelta(minutes=10)
"""How often lanes are looked for whose workflow Temporal has lost."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Lanes:
    """The workflows that tell others: endpoints of events, Stripe of names."""

    client: Client

    async def wake(self, lanes: Iterable[Lane]) -> None:
        """Tell each lane that there is something to send."""
        for lane in lanes:
            await self._start(lane, signal="news")

    async def rename(self, customers: Iterable[CustomerRef]) -> None:
        """Let Stripe know how each is called now; one that is being told hears that there is more."""
        for customer in customers:
            await self.client.start_workflow(
                NamingWorkflow.run,
                customer,
                id=naming_workflow_id(customer.customer_id),
                task_queue=BILLFLOW,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary="name and e-mail at Stripe",
                start_signal="changed",
            )

    async def ensure(self, lanes: Iterable[Lane]) -> None:
        """Make sure that each lane has a workflow; one that runs isn't disturbed."""
        for lane in lanes:
            await self._start(lane)

    async def _start(self, lane: Lane, signal: str | None = None) -> None:
        await self.client.start_workflow(
            DeliveryWorkflow.run,
            lane,
            id=delivery_workflow_id(lane.endpoint_id, lane.customer_id),
            task_queue=DELIVERY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="events to an endpoint",
            start_signal=signal,
        )


@dataclass
class Dispatcher:
    """Runs from `async with` on until its end; several processes may run one each, and any may be killed.

    An event leaves the queue only after its lanes were woken, so that whatever was interrupted is done again.
    """

    outbox: Outbox
    lanes: Lanes
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

    async def dispatch(self) -> int:
        """Pass on what waits, and return how many events that were."""
        done = 0
        for org_id in await self.outbox.orgs_with_news():
            routed = await self.outbox.route(org_id)
            await self.lanes.wake(routed.lanes)
            await self.lanes.rename(routed.renamed)
            await self.outbox.forget(org_id, routed.event_ids)
            done += len(routed.event_ids)
        return done

    async def sweep(self) -> None:
        """Start the workflows of lanes that have messages and no workflow."""
        for org_id in await self.outbox.orgs_with_open_lanes():
            await self.lanes.ensure(await self.outbox.open_lanes(org_id))

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        sweep_at = clock()
        while True:
            worked = 0
            try:
                if clock() >= sweep_at:
                    await self.sweep()
                    sweep_at = clock() + SWEEP.total_seconds()
                worked = await self.dispatch()
            except Exception as error:  # noqa: BLE001  (whatever it was, it is tried again)
                _log.warning("events can't be passed on now", error=type(error).__name__)
            if not worked:
                await asyncio.sleep(LOOK_SECONDS)

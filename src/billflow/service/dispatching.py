"""From the outbox to the delivery streams: a loop in every worker that notices new events and starts deliveries."""

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
from billflow.models.contracts.endpoints import DeliveryStream
from billflow.ports.webhooks import Outbox
from billflow.temporal.ids import delivery_workflow_id, naming_workflow_id
from billflow.temporal.queues import BILLFLOW, DELIVERY
from billflow.workflows.delivery import DeliveryWorkflow
from billflow.workflows.naming import NamingWorkflow

LOOK_SECONDS = 1.0
"""How long an event may wait to be noticed."""

SWEEP = timedelta(minutes=10)
"""How often delivery streams are looked for whose workflow Temporal has lost."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Lanes:
    """The workflows that tell others: endpoints of events, Stripe of names."""

    client: Client

    async def wake(self, streams: Iterable[DeliveryStream]) -> None:
        """Tell each delivery stream that there is something to send."""
        for stream in streams:
            await self._start(stream, signal="events")

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

    async def ensure(self, streams: Iterable[DeliveryStream]) -> None:
        """Make sure that each delivery stream has a workflow; one that runs isn't disturbed."""
        for stream in streams:
            await self._start(stream)

    async def _start(self, stream: DeliveryStream, signal: str | None = None) -> None:
        await self.client.start_workflow(
            DeliveryWorkflow.run,
            stream,
            id=delivery_workflow_id(stream.endpoint_id, stream.customer_id),
            task_queue=DELIVERY,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="events to an endpoint",
            start_signal=signal,
        )


@dataclass
class Dispatcher:
    """Runs from `async with` on until its end; several processes may run one each, and any may be killed.

    An event leaves the queue only after its delivery streams were woken, so that what was interrupted is done again.
    """

    outbox: Outbox
    streams: Lanes
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
        for org_id in await self.outbox.orgs_with_new_events():
            routed = await self.outbox.route(org_id)
            await self.streams.wake(routed.streams)
            await self.streams.rename(routed.renamed)
            await self.outbox.forget(org_id, routed.event_ids)
            done += len(routed.event_ids)
        return done

    async def sweep(self) -> None:
        """Start the workflows of delivery streams that have messages and no workflow."""
        for org_id in await self.outbox.orgs_with_open_streams():
            await self.streams.ensure(await self.outbox.open_streams(org_id))

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

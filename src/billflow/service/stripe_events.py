"""Stripe's events: stored at once, handled right after, and tried again until that is done."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from billflow.domain.errors import NotFound
from billflow.models.contracts.stripe_event_types import HANDLED_TYPES
from billflow.models.contracts.webhooks import ForeignReason, StripeEvent
from billflow.ports.stripe_events import Monitoring
from billflow.service.stripe_event_handlers import StripeEventHandlers

_BATCH = 20
_LOOK_SECONDS = 2.0
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 300.0

_log = structlog.get_logger(__name__)


@dataclass
class StripeEventQueue:
    """The events of all organizations; several processes may handle them at once.

    `receiving` has a request's connections to the database, `handling` and `monitoring` those of background work.
    """

    receiving: StripeEventHandlers
    handling: StripeEventHandlers
    monitoring: Monitoring
    _stored: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)

    async def store(self, event: StripeEvent) -> bool:
        """Store an event of a type that changes anything, once; tell whether it is new and an organization's."""
        if event.type not in HANDLED_TYPES:
            return False
        inbox, at = self.receiving.inbox, datetime.now(UTC)
        owner = await self.receiving.owner_of(event)
        if not isinstance(owner, ForeignReason):
            try:
                stored = await inbox.store_event(owner, event, at)
            except NotFound:
                owner = ForeignReason.UNKNOWN_CUSTOMER
            else:
                if stored.waits:
                    self._stored.set()
                return stored.is_new
        await inbox.store_foreign(event, owner, at)
        return False

    async def run(self) -> None:
        """Handle the stored events until cancelled: new ones at once, what others left behind every few seconds."""
        while True:
            try:
                worked = await self._work()
            except Exception:  # noqa: BLE001  (whatever it was, it is tried again)
                _log.exception("stripe events are out of reach")
                worked = 0
            if not worked:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._stored.wait()
                self._stored.clear()

    async def _work(self) -> int:
        resting = [event_id for event_id, (_, until) in self._failures.items() if until > time.monotonic()]
        worked = 0
        for org_id in await self.monitoring.organizations_with_unhandled_events():
            events = await self.handling.inbox.unhandled_events(org_id, _BATCH, besides=resting)
            await asyncio.gather(*(self._try(org_id, event) for event in events))
            worked += len(events)
        return worked

    async def _try(self, org_id: str, event: StripeEvent) -> None:
        try:
            if not await self.handling.inbox.mark_known(org_id, event, datetime.now(UTC)):
                await self.handling.handle(org_id, event)
                await self.handling.inbox.mark_handled(org_id, event.event_id, datetime.now(UTC))
            self._failures.pop(event.event_id, None)
        except Exception:  # noqa: BLE001  (one bad event must not stop the others)
            failures = self._failures.get(event.event_id, (0, 0.0))[0] + 1
            delay = min(_FIRST_DELAY * 2 ** (failures - 1), _LONGEST_DELAY)
            self._failures[event.event_id] = (failures, time.monotonic() + delay)
            _log.exception("stripe event failed", event_id=event.event_id, type=event.type, again_in_seconds=delay)

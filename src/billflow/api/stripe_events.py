"""What to do about Stripe's events: keep them at once, act on them right after, and try again until it is done."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from billflow.domain.errors import NotFound
from billflow.models.contracts.webhooks import StripeEvent
from billflow.ports.access import Monitoring
from billflow.service.hearing import StripeNews

_BATCH = 20
_LOOK_SECONDS = 2.0
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 300.0

_log = structlog.get_logger(__name__)


@dataclass
class StripeEvents:
    """The events of all organizations; several processes may work on them at once.

    `taking` has a request's connections to the database, `acting` and `watch` those of background work.
    """

    taking: StripeNews
    acting: StripeNews
    watch: Monitoring
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)

    async def take(self, event: StripeEvent) -> bool:
        """Keep an event once; tell whether it is new and concerns us."""
        org_id = await self.taking.owner_of(event)
        if org_id is None:
            return False
        try:
            is_new = await self.taking.inbox.store_event(org_id, event, datetime.now(UTC))
        except NotFound:
            return False
        self._news.set()
        return is_new

    async def run(self) -> None:
        """Act on the kept events until cancelled: on news at once, on others' leftovers every few seconds."""
        while True:
            try:
                worked = await self._work()
            except Exception:  # noqa: BLE001  (whatever it was, it is tried again)
                _log.exception("stripe events are out of reach")
                worked = 0
            if not worked:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), _LOOK_SECONDS)
                self._news.clear()

    async def _work(self) -> int:
        resting = [event_id for event_id, (_, until) in self._failures.items() if until > time.monotonic()]
        worked = 0
        for org_id in await self.watch.orgs_with_open_webhooks():
            events = await self.acting.inbox.unhandled_events(org_id, _BATCH, besides=resting)
            await asyncio.gather(*(self._try(org_id, event) for event in events))
            worked += len(events)
        return worked

    async def _try(self, org_id: str, event: StripeEvent) -> None:
        try:
            await self.acting.act(org_id, event)
            await self.acting.inbox.mark_handled(org_id, event.event_id, datetime.now(UTC))
            self._failures.pop(event.event_id, None)
        except Exception:  # noqa: BLE001  (one bad event must not stop the others)
            failures = self._failures.get(event.event_id, (0, 0.0))[0] + 1
            delay = min(_FIRST_DELAY * 2 ** (failures - 1), _LONGEST_DELAY)
            self._failures[event.event_id] = (failures, time.monotonic() + delay)
            _log.exception("stripe event failed", event_id=event.event_id, type=event.type, again_in_seconds=delay)

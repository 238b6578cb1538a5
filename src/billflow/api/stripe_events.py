"""What to do about Stripe's events: keep them at once, act on them right after, and try again until it is done."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.contracts.webhooks import StripeEvent
from billflow.ports import WebhookInbox
from billflow.service import Billing

STATUS_OF = {
    "invoice.paid": InvoiceStatus.PAID,
    "invoice.voided": InvoiceStatus.VOID,
    "invoice.marked_uncollectible": InvoiceStatus.UNCOLLECTIBLE,
}
"""The events that change our books, and what the invoice is afterwards."""

_BATCH = 20
_LOOK_SECONDS = 2.0
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 300.0

_log = structlog.get_logger(__name__)


@dataclass
class StripeEvents:
    """The events of one organization; several processes may work on them at once."""

    inbox: WebhookInbox
    billing: Billing
    org_id: Callable[[], Awaitable[str]]
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)

    async def take(self, event: StripeEvent) -> bool:
        """Keep an event once; tell whether it is new and concerns us."""
        org_id = await self.org_id()
        if event.org_id != org_id or event.type not in STATUS_OF or event.invoice_id is None:
            return False
        is_new = await self.inbox.store_event(org_id, event, datetime.now(UTC))
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
        org_id = await self.org_id()
        resting = [event_id for event_id, (_, until) in self._failures.items() if until > time.monotonic()]
        events = await self.inbox.unhandled_events(org_id, _BATCH, besides=resting)
        await asyncio.gather(*(self._try(org_id, event) for event in events))
        return len(events)

    async def _try(self, org_id: str, event: StripeEvent) -> None:
        try:
            await self._act(org_id, event)
            await self.inbox.mark_handled(org_id, event.event_id, datetime.now(UTC))
            self._failures.pop(event.event_id, None)
        except Exception:  # noqa: BLE001  (one bad event must not stop the others)
            failures = self._failures.get(event.event_id, (0, 0.0))[0] + 1
            delay = min(_FIRST_DELAY * 2 ** (failures - 1), _LONGEST_DELAY)
            self._failures[event.event_id] = (failures, time.monotonic() + delay)
            _log.exception("stripe event failed", event_id=event.event_id, type=event.type, again_in_seconds=delay)

    async def _act(self, org_id: str, event: StripeEvent) -> None:
        status = STATUS_OF.get(event.type)
        if status is None or event.invoice_id is None:
            return
        ref = InvoiceRef(org_id=org_id, invoice_id=event.invoice_id)
        settled = await self.inbox.record_settled(ref, status, event.created)
        if settled:
            await self.billing.invoice_settled(settled.plan, event.invoice_id, settled.status, settled.at)

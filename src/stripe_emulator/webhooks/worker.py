"""Deliver events to endpoints until told to stop."""

import asyncio
import logging
import time
from typing import Protocol

import aiohttp

from stripe_emulator.engine.services import Services
from stripe_emulator.webhooks import queue
from stripe_emulator.webhooks.delivered import after_delivery
from stripe_emulator.webhooks.queue import Delivery

log = logging.getLogger(__name__)
PLACES = 32
IDLE = 0.2
OK = range(200, 300)


class WebhookFaults(Protocol):
    """What may go wrong with a delivery on purpose."""

    def shuffle(self, batch: list[Delivery]) -> list[Delivery]:
        """Return the deliveries to make now, in which order and how often."""
        ...

    def header(self, delivery: Delivery, timestamp: int, body: bytes) -> str:
        """Return the signature header to send."""
        ...


class DeliveryWorker:
    """Sends what waits in the database, several deliveries at a time; wakes up on `committed`.

    A slow endpoint holds up its own deliveries only, until all places are taken.
    """

    def __init__(self, services: Services, committed: asyncio.Event, webhook_faults: WebhookFaults) -> None:
        self.services = services
        self.committed = committed
        self.webhook_faults = webhook_faults
        self._under_way: dict[asyncio.Task[None], int] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = aiohttp.ClientTimeout(total=self.services.settings.webhook_timeout)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            try:
                while True:
                    self.committed.clear()
                    if not self._send_waiting(client):
                        await self._wait()
                    await asyncio.sleep(0)
            finally:
                under_way = list(self._under_way)
                for task in under_way:
                    task.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)

    def _send_waiting(self, client: aiohttp.ClientSession) -> int:
        """Start the deliveries whose time has come and return how many there were."""
        busy = set(self._under_way.values())
        batch = queue.waiting(self.services, PLACES + len(busy), busy)[: PLACES - len(busy)]
        for delivery in self.webhook_faults.shuffle(batch):
            task = asyncio.create_task(self._deliver(client, delivery))
            self._under_way[task] = delivery.seq
            task.add_done_callback(self._arrived)
        return len(batch)

    def _arrived(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self.committed.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("a delivery failed", exc_info=task.exception())

    async def _wait(self) -> None:
        """Wait for the next commit, arrival or moment of a retry."""
        due = queue.next_at(self.services)
        ahead = IDLE if due is None else due - self.services.clock.now()
        try:
            # What is due already is under way, or waits for a place.
            async with asyncio.timeout(min(ahead, IDLE) if ahead > 0 else IDLE):
                await self.committed.wait()
        except TimeoutError:
            return

    async def _deliver(self, client: aiohttp.ClientSession, delivery: Delivery) -> None:
        if not delivery.enabled:
            queue.refused(self.services, delivery, None, "the endpoint is disabled or deleted")
            return
        body = delivery.body.encode()
        # Real time, not the simulation's: receivers compare it with their own clocks.
        header = self.webhook_faults.header(delivery, int(time.time()), body)
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header}
        try:
            status = await _posted(client, delivery.endpoint["url"], body, headers)
        except (aiohttp.ClientError, TimeoutError) as problem:
            queue.refused(self.services, delivery, None, f"{type(problem).__name__}: {problem}")
            return
        if status in OK:
            queue.delivered(self.services, delivery, status)
            after_delivery(self.services, delivery)
        else:
            queue.refused(self.services, delivery, status, "the endpoint did not answer 2xx")


async def _posted(client: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> int:
    """Return the status with which an endpoint answers."""
    async with client.post(url, data=body, headers=headers, allow_redirects=False) as response:
        await response.read()
        return response.status

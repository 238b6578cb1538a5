"""Deliver events to endpoints until told to stop."""

import asyncio
import time
from typing import Protocol

import httpx

from stripe_stand_in.engine.services import Services
from stripe_stand_in.webhooks import queue
from stripe_stand_in.webhooks.delivered import after_delivery
from stripe_stand_in.webhooks.queue import Delivery
from stripe_stand_in.webhooks.signing import signature_header
from stripe_stand_in.wire.messages import encode

BATCH = 32
IDLE = 0.2
SHORTEST = 0.005
OK = range(200, 300)


class Mischief(Protocol):
    """What may go wrong with a delivery on purpose."""

    def shuffle(self, batch: list[Delivery]) -> list[Delivery]:
        """Return the deliveries to make now, in which order and how often."""
        ...

    def header(self, delivery: Delivery, timestamp: int, body: bytes) -> str:
        """Return the signature header to send."""
        ...


class Faithful:
    """Everything is delivered in order, once, and rightly signed."""

    def shuffle(self, batch: list[Delivery]) -> list[Delivery]:
        """Return the batch as it is."""
        return batch

    def header(self, delivery: Delivery, timestamp: int, body: bytes) -> str:
        """Return the right signature."""
        return signature_header(delivery.endpoint["_sim"]["secret"], timestamp, body)


class Courier:
    """Sends what waits in the database, several deliveries at a time; wakes up on `committed`."""

    def __init__(self, services: Services, committed: asyncio.Event, mischief: Mischief) -> None:
        self.services = services
        self.committed = committed
        self.mischief = mischief

    async def run(self) -> None:
        """Deliver until cancelled."""
        timeout = httpx.Timeout(self.services.settings.webhook_timeout)
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False) as client:
            while True:
                batch = queue.waiting(self.services, BATCH)
                if not batch:
                    await self._rest()
                    continue
                chosen = self.mischief.shuffle(batch)
                await asyncio.gather(*(self._deliver(client, delivery) for delivery in chosen))
                if not chosen:
                    await asyncio.sleep(SHORTEST)

    async def _rest(self) -> None:
        self.committed.clear()
        due = queue.next_at(self.services)
        wait = IDLE if due is None else min(max(due - self.services.clock.now(), SHORTEST), IDLE)
        try:
            await asyncio.wait_for(self.committed.wait(), wait)
        except TimeoutError:
            return

    async def _deliver(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        if not delivery.enabled:
            queue.refused(self.services, delivery, None, "the endpoint is disabled or deleted")
            return
        body = encode(delivery.event)
        # Real time, not the simulation's: receivers compare it with their own clocks.
        header = self.mischief.header(delivery, int(time.time()), body)
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header}
        try:
            response = await client.post(delivery.endpoint["url"], content=body, headers=headers)
        except httpx.HTTPError as problem:
            queue.refused(self.services, delivery, None, f"{type(problem).__name__}: {problem}")
            return
        if response.status_code in OK:
            queue.delivered(self.services, delivery, response.status_code)
            after_delivery(self.services, delivery)
        else:
            queue.refused(self.services, delivery, response.status_code, "the endpoint did not answer 2xx")

"""What handles Stripe's events ends when it is told to, also while an event comes in."""

import asyncio
from typing import cast

import pytest

from billflow.ports.stripe_events import Monitoring
from billflow.service.stripe_event_handlers import StripeEventHandlers
from billflow.service.stripe_events import StripeEventQueue

TURNS = 10
"""Of the event loop: more than anything here takes."""


class NothingWaits:
    """Stands for a database without events."""

    async def organizations_with_unhandled_events(self) -> tuple[str, ...]:
        return ()


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("later", range(TURNS))
async def test_a_cancellation_right_after_an_event_is_not_lost(later: int) -> None:
    handlers = cast(StripeEventHandlers, None)
    events = StripeEventQueue(handlers, handlers, cast(Monitoring, NothingWaits()))
    running = asyncio.create_task(events.run())
    await turns(TURNS)

    events._stored.set()
    await turns(later)
    running.cancel()
    await turns(TURNS)

    assert running.cancelled()

"""A worker that is killed while it delivers: what it had in hand is sent again, and nothing overtakes it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from billflow.models.contracts.customers import CustomerChange
from billflow.models.contracts.delivery import EventFilter, NewEndpoint
from billflow.models.contracts.records import Paging
from billflow.wiring import outward_of
from tests.chaos.workers import running_workers
from tests.databases import migrated_database
from tests.hooks.listener import listening
from tests.world import World, dev_server_world

UNNOTICED = 75.0
"""Seconds until it is noticed that a worker is gone: half a minute without a heartbeat, and a little."""

pytestmark = pytest.mark.chaos


@pytest.fixture
async def world(postgres_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Yield a world whose workers are processes of their own."""
    async with dev_server_world(tmp_path, await migrated_database(postgres_url), working=False) as world:
        yield world


async def test_a_worker_killed_in_mid_delivery_loses_nothing_and_keeps_the_order(world: World, tmp_path: Path) -> None:
    outward, change = outward_of(world.engine), CustomerChange(actor="tests", at=await world.now())
    async with listening() as listener:
        listener.deaf = True
        made = await outward.endpoints.create_endpoint(world.org_id, NewEndpoint(url=listener.url), change)
        customer = (await world.customer(card=None)).customer_id
        async with running_workers(world, tmp_path / "first.log"):
            await listener.heard()
            await world.engine.registry.deactivate(world.org_id, customer, change)
        listener.deaf = False

        async with running_workers(world, tmp_path / "second.log"), asyncio.timeout(UNNOTICED):
            while len(listener.types(customer)) < 2:  # noqa: ASYNC110  (another process sends)
                await asyncio.sleep(0.1)

    assert listener.types(customer) == ["customer.created", "customer.deactivated"]
    kept = await outward.outbox.events(world.org_id, EventFilter(customer_id=customer), Paging())
    assert {event.event_id for event in kept.rows} <= set(listener.verified(made.secret.get_secret_value()))

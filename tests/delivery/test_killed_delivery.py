"""A worker that is killed while it delivers: what it had in hand is sent again, and nothing overtakes it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.endpoints import EndpointCreate, EventFilter
from billflow.models.contracts.records import Paging
from tests.chaos.workers import WORKER, running_workers
from tests.databases import migrated_database
from tests.delivery.listener import listening
from tests.environment import Environment, dev_server_environment
from tests.sizes import sized

PROGRAM = sized(Path(__file__).with_name("watchful_worker.py"), WORKER, WORKER)
"""Of a real one it takes half a minute without a heartbeat until anyone notices that it is gone."""

pytestmark = [pytest.mark.full, pytest.mark.chaos]


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield a world whose workers are processes of their own."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url), working=False) as env:
        yield env


async def test_a_worker_killed_in_mid_delivery_loses_nothing_and_keeps_the_order(
    env: Environment, tmp_path: Path
) -> None:
    webhooks, change = env.engine.webhooks, ChangeContext(actor="tests", at=await env.now())
    async with listening() as listener:
        listener.deaf = True
        made = await webhooks.endpoints.create(env.org_id, EndpointCreate(url=listener.url), change)
        customer = (await env.customer(card=None)).customer_id
        async with running_workers(env, tmp_path / "first.log", PROGRAM, 1):
            await listener.received_events()
            await env.engine.repositories.customers.deactivate(
                CustomerRef(org_id=env.org_id, customer_id=customer), change
            )
        listener.deaf = False

        async with running_workers(env, tmp_path / "second.log", PROGRAM, 1):
            await listener.until(lambda seen: len(seen.types(customer)) == 2)

    assert listener.types(customer) == ["customer.created", "customer.deactivated"]
    kept = await env.engine.repositories.outbox.list(env.org_id, EventFilter(customer_id=customer), Paging())
    assert {event.event_id for event in kept.rows} <= set(listener.verified(made.secret.get_secret_value()))

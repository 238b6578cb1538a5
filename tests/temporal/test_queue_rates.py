"""The server's configuration of a queue holds its rate, for all workers and at once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.client import Client

from billflow.temporal.queue_rates import ensure_rates, queue, queues, set_rate
from billflow.temporal.queues import ALL, STRIPE
from billflow.temporal.worker import build_worker
from tests.api_environment import until
from tests.namespaces import fresh_namespace

with workflow.unsafe.imports_passed_through():
    from billflow.workflows.activity_execution import PATIENT


@workflow.defn(sandboxed=False)
class ManyActivitiesWorkflow:
    @workflow.run
    async def run(self, count: int) -> None:
        await asyncio.gather(
            *(
                workflow.execute_activity(
                    "note", start_to_close_timeout=timedelta(seconds=30), summary="note", retry_policy=PATIENT
                )
                for _ in range(count)
            )
        )


@pytest.fixture
async def client(temporal_server: str) -> Client:
    """Return a client of a namespace whose queues nobody has set a rate of."""
    return await fresh_namespace(temporal_server, "rates")


async def is_at(client: Client, per_second: float | None) -> bool:
    """Tell whether the server shows this rate of Stripe's queue."""
    return (await queue(client, STRIPE)).per_second == per_second


async def test_a_rate_is_set_shown_with_who_and_why_and_taken_away(client: Client) -> None:
    assert [(one.queue, one.per_second, one.set_at) for one in await queues(client)] == [
        (name, None, None) for name in ALL
    ]

    found = await set_rate(client, STRIPE, 20, reason="Stripe answers 429", identity="cli:tests")
    assert (found.per_second, found.reason, found.set_by) == (20, "Stripe answers 429", "cli:tests")
    await until(lambda: is_at(client, 20))

    found = await set_rate(client, STRIPE, None, reason="over", identity="cli:tests")
    assert (found.per_second, found.reason) == (None, "over")
    await until(lambda: is_at(client, None))


async def test_the_first_rate_never_takes_the_place_of_one_that_was_set_or_taken_away(client: Client) -> None:
    await ensure_rates(client, {STRIPE: 24})
    await until(lambda: is_at(client, 24))

    for per_second in (10, None):
        await set_rate(client, STRIPE, per_second, reason="", identity="cli:tests")
        await until(lambda: is_at(client, per_second))  # noqa: B023  (it is over before the next one)
        await ensure_rates(client, {STRIPE: 24})
        assert await is_at(client, per_second)


@pytest.mark.full
async def test_the_age_of_what_waits_is_known_until_nothing_does(client: Client) -> None:
    @activity.defn
    async def note() -> None:
        """Do nothing."""

    name, ages = uuid4().hex, list[int]()

    async def age_is(known: Callable[[int], bool]) -> bool:
        ages.append((await queue(client, name)).oldest_seconds)
        return known(ages[-1])

    async with build_worker(client, name, workflows=[ManyActivitiesWorkflow]):
        handle = await client.start_workflow(ManyActivitiesWorkflow.run, 1, id=name, task_queue=name)
        await until(lambda: age_is(lambda age: age >= 2))
    async with build_worker(client, name, workflows=[ManyActivitiesWorkflow], activities=[note]):
        await handle.result()
        await until(lambda: age_is(lambda age: age == 0))

    waited = [age for age in ages if age]
    assert waited == sorted(waited)


async def test_what_waits_is_counted_and_handed_out_at_the_rate(client: Client) -> None:
    clock, moments = asyncio.get_running_loop().time, list[float]()

    @activity.defn
    async def note() -> None:
        moments.append(clock())

    name, count, rate = uuid4().hex, 30, 10
    await set_rate(client, name, rate, reason="", identity="cli:tests")
    async with build_worker(client, name, workflows=[ManyActivitiesWorkflow]):
        handle = await client.start_workflow(ManyActivitiesWorkflow.run, count, id=name, task_queue=name)
        while (await queue(client, name)).activities_waiting < count:  # noqa: ASYNC110  (a server sets no event)
            await asyncio.sleep(0.1)
    async with build_worker(client, name, workflows=[ManyActivitiesWorkflow], activities=[note]):
        await handle.result()

    # A second's worth may be handed out at once; a queue without a rate takes a moment for all.
    assert len(moments) == count
    assert moments[-1] - moments[0] > (count - 2 * rate) / rate

"""A batch of plans whose workers are killed in the middle: every plan takes the command, and takes it once."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from billflow.domain.commands import SwitchToAnnual
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.scopes import ALL_SCOPES
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plan_batches import (
    BatchCounts,
    BatchFilter,
    BatchRef,
    BatchStatus,
    PlanBatchCreate,
    PlanBatchRecord,
)
from billflow.models.contracts.plans import PlanState
from tests.api_environment import until
from tests.chaos.workers import Workers, running_workers
from tests.databases import migrated_database
from tests.environment import MONTHLY, Environment, dev_server_environment
from tests.sizes import sized

SEED = int(os.environ.get("BILLFLOW_CHAOS_SEED") or random.randrange(1_000_000))
PLANS = sized(12, 40, 300)
KILLS = sized(1, 3, 20)
LONGEST = sized(900, 900, 3600)
TRIAL = StartPlan(tier=MONTHLY.tier, schedule=MONTHLY.schedule, trial_days=30)


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield a world whose workers are processes of their own."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url), working=False) as env:
        yield env


async def until_status(env: Environment, batch: BatchRef, status: BatchStatus) -> PlanBatchRecord:
    """Wait until a batch stands somewhere, and return it."""

    async def stands() -> bool:
        return (await env.engine.repositories.plan_batches.get(batch)).status is status

    await until(stands)
    return await env.engine.repositories.plan_batches.get(batch)


async def kill_while_it_goes_on(env: Environment, batch: BatchRef, workers: Workers) -> None:
    """Kill workers one after another, each when more plans have taken the command than before."""
    chosen, done = random.Random(SEED), 0
    while workers.kills < KILLS:

        async def goes_on(before: int = done) -> bool:
            counts = (await env.engine.repositories.plan_batches.get(batch)).counts
            return counts.done > before or not counts.ready

        await until(goes_on)
        done = (await env.engine.repositories.plan_batches.get(batch)).counts.done
        await workers.kill(chosen)


async def commands(env: Environment, plan: PlanState) -> list[str]:
    """Return the keys of the commands that a plan has taken."""
    return [step.key for step in await env.engine.queries.plans.steps(plan.ref) if step.kind == "command"]


@pytest.mark.full
@pytest.mark.chaos
@pytest.mark.timeout(LONGEST + 60)
async def test_every_plan_takes_the_command_once_though_workers_are_killed_in_the_middle(
    env: Environment, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("BILLFLOW_CHAOS_SEED", SEED)
    asked = PlanBatchCreate(command=SwitchToAnnual(), plans=BatchFilter(tier=TRIAL.tier))
    batches, change = env.engine.plan_batches, await env.change()
    async with asyncio.timeout(LONGEST), running_workers(env, tmp_path / "workers.log") as workers:
        customers = [await env.customer(card=None) for _ in range(PLANS)]
        plans = [(await env.buy(customer, TRIAL)).state for customer in customers]
        made = await batches.create(env.org_id, asked, KeyNamespace.CLIENT.key("annual"), change, ALL_SCOPES)
        previewed = await until_status(env, made, BatchStatus.PREVIEWED)
        await batches.confirm(made, "for the tests", change, ALL_SCOPES)
        await kill_while_it_goes_on(env, made, workers)
        finished = await until_status(env, made, BatchStatus.FINISHED)

    assert previewed.counts == BatchCounts(ready=PLANS)
    assert workers.kills == KILLS
    assert finished.counts == BatchCounts(done=PLANS)
    key = f"command/{KeyNamespace.BATCH.key(made.plan_batch_id)}"
    taken = Counter([key for plan in plans for key in await commands(env, plan)])
    assert taken == Counter({f"{plan.plan_id}/{key}": 1 for plan in plans})
    lives = [[(one.schedule, one.status) for one in await env.plans(customer)] for customer in customers]
    ended, follows = (Schedule.MONTHLY, PlanStatus.ENDED), (Schedule.ANNUAL, PlanStatus.FREE_TRIAL)
    assert [sorted(life) for life in lives] == [sorted([ended, follows])] * PLANS

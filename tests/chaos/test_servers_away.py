"""PostgreSQL or Temporal ends in the middle of billing dates and commands, and starts again on its data."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.real_time import RealTimePlan, assert_nothing_is_found, real_time_plan
from tests.chaos.servers import RestartableServer, postgres_in, temporal_in
from tests.chaos.test_killed_workers import SEED
from tests.databases import create_template, migrated_database
from tests.environment import Environment, dev_server_environment
from tests.sizes import sized

OUTAGES = sized(2, 2, 20)
"""As many plans, each with a billing date in one of them."""

AWAY = sized(2.0, 8.0, 150.0)
"""Seconds: within a step's minute, or in the long run beyond it."""

MONTHS = sized(1, 2, 6)
COMMANDS = sized(4, 10, 20)
LEAD = timedelta(seconds=4)
"""Until the first outage, while plans make up for the dates that they missed."""

BETWEEN = timedelta(seconds=AWAY + 6)
LONGEST = sized(1500, 1800, 10_000)


@dataclass(frozen=True)
class Outages:
    """What happens to plans while a server is away at a billing date of each."""

    server: RestartableServer
    plans: Sequence[RealTimePlan]
    chosen: random.Random

    async def happen(self, killed: Sequence[bool]) -> None:
        """Let the server end shortly before each date, killed or in order."""
        for plan, is_killed in zip(self.plans, killed, strict=True):
            await asyncio.sleep(_seconds_until(plan.due) - self.chosen.uniform(0.2, 1.5))
            await self._away_from(plan, killed=is_killed)

    async def _away_from(self, plan: RealTimePlan, *, killed: bool) -> None:
        async with self.server.away(killed=killed):
            sent = asyncio.create_task(plan.fire(self.chosen))
            await asyncio.sleep(AWAY)
            assert not sent.done(), "nobody can have answered"
        await sent


async def pass_through_outages(env: Environment, server: RestartableServer, killed: Sequence[bool]) -> None:
    """Let the server be away at a billing date of each plan while commands come; nothing may be missing or wrong."""
    chosen, first = random.Random(SEED), datetime.now(UTC).replace(microsecond=0) + LEAD
    dates = [first + number * BETWEEN for number in range(len(killed))]
    plans = await asyncio.gather(*(real_time_plan(env, date, MONTHS) for date in dates))
    commands = [plan.fire_some(COMMANDS, _seconds_until(dates[-1]) + AWAY, chosen) for plan in plans]
    await asyncio.gather(Outages(server, plans, chosen).happen(killed), *commands)

    for plan in plans:
        await plan.come_through()
        await plan.assert_right()
    await assert_nothing_is_found(env)


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()


@pytest.mark.full
@pytest.mark.chaos
@pytest.mark.timeout(LONGEST)
async def test_postgresql_that_is_killed_and_stopped_at_billing_dates_costs_no_cent_and_no_command(
    temporal_server: str, tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    record_property("BILLFLOW_CHAOS_SEED", SEED)
    async with postgres_in(tmp_path_factory.mktemp("postgres")) as (server, url):
        await create_template(url)
        async with dev_server_environment(temporal_server, await migrated_database(url)) as env:
            await pass_through_outages(env, server, [number % 2 == 0 for number in range(OUTAGES)])


@pytest.mark.full
@pytest.mark.chaos
@pytest.mark.timeout(LONGEST)
async def test_temporal_that_is_killed_at_billing_dates_and_starts_on_its_file_costs_no_cent_and_no_command(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    record_property("BILLFLOW_CHAOS_SEED", SEED)
    database_url = await migrated_database(postgres_url)
    async with (
        temporal_in(tmp_path_factory.mktemp("temporal")) as (server, address),
        dev_server_environment(address, database_url) as env,
    ):
        await pass_through_outages(env, server, [True] * OUTAGES)

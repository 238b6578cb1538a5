"""Commands around a billing date: judged by the rows as they are when the command is taken, never by an older state."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from billflow.domain.commands import DowngradeAtEndOfCycle, SetCollectionMethod, SetLicensesAtRenewal
from billflow.domain.errors import Refused
from billflow.domain.plan import CollectionMethod, PlanStatus
from billflow.errors import TooManyRequests
from billflow.models.contracts.plans import PlanState
from billflow.service import waiting_commands
from tests.api_environment import until
from tests.environment import MANUAL, Environment, dev_server_environment, ref, working
from tests.sizes import sized
from tests.workflows.periods import TRIAL_DAYS

COMMANDS = sized(50, 200, 200)
LEAD = timedelta(seconds=6)
"""How long the trial of a test still lasts: time enough to start the plan."""


async def trial_that_ends(env: Environment, ends_at: datetime) -> PlanState:
    """Start a plan whose trial ends at a moment of real time."""
    customer = await env.customer()
    began_at = ends_at - timedelta(days=TRIAL_DAYS)
    await env.report(customer, 10, began_at)
    ask = await env.ask(customer, replace(MANUAL, trial_days=TRIAL_DAYS))
    return (await env.engine.plans.start(ask.model_copy(update={"at": began_at}))).state


def soon() -> datetime:
    """Return a whole second that comes soon."""
    return (datetime.now(UTC) + LEAD).replace(microsecond=0)


async def wait_for(moment: datetime) -> None:
    """Wait until the clock shows *moment*."""
    await asyncio.sleep(max((moment - datetime.now(UTC)).total_seconds(), 0))


@asynccontextmanager
async def plan_row_locked(env: Environment, plan: PlanState) -> AsyncIterator[psycopg.AsyncConnection]:
    """Keep every step of the plan waiting for its row."""
    async with await psycopg.AsyncConnection.connect(env.database_url) as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM customer_plan WHERE id = %s FOR UPDATE", [plan.plan_id])
        yield connection


async def step_waits(connection: psycopg.AsyncConnection) -> bool:
    """Tell whether another transaction waits for what this one holds: looked up anew, as `pg_stat_activity` is not."""
    query = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    return await (await connection.execute(query)).fetchone() is not None


@pytest.mark.full
async def test_a_command_right_after_a_trials_end_is_taken(dev_env: Environment) -> None:
    ends_at = soon()
    plan = await trial_that_ends(dev_env, ends_at)

    await wait_for(ends_at + timedelta(milliseconds=5))
    answer = await dev_env.command(plan, DowngradeAtEndOfCycle())

    assert answer.state.status is PlanStatus.DOWNGRADE_AT_END_OF_CYCLE


@pytest.mark.full
async def test_a_command_while_the_billing_date_is_being_closed_is_judged_after_it(dev_env: Environment) -> None:
    ends_at = soon()
    plan = await trial_that_ends(dev_env, ends_at)
    async with plan_row_locked(dev_env, plan) as connection:
        await until(lambda: step_waits(connection))
        sent = asyncio.create_task(dev_env.command(plan, DowngradeAtEndOfCycle()))
        await asyncio.sleep(1)

    assert (await sent).state.status is PlanStatus.DOWNGRADE_AT_END_OF_CYCLE


@pytest.mark.full
async def test_a_command_after_a_worker_died_over_a_billing_date_is_taken(
    env_database_url: str, temporal_server: str
) -> None:
    async with dev_server_environment(temporal_server, env_database_url, working=False) as env:
        ends_at = soon()
        async with working(env):
            plan = await trial_that_ends(env, ends_at)
        await wait_for(ends_at + timedelta(seconds=1))
        sent = asyncio.create_task(env.command(plan, DowngradeAtEndOfCycle()))
        await asyncio.sleep(1)
        async with working(env):
            answer = await sent

    assert answer.state.status is PlanStatus.DOWNGRADE_AT_END_OF_CYCLE


async def test_more_commands_than_may_wait_for_a_plan_are_told_to_come_again(
    dev_env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_commands, "MOST_WAITING", 3)
    plan = await dev_env.plan(await dev_env.subscriber(), MANUAL)
    async with plan_row_locked(dev_env, plan) as connection:
        sent = [
            asyncio.create_task(dev_env.command(plan, SetLicensesAtRenewal(licenses=20 + number)))
            for number in range(3)
        ]
        await until(lambda: step_waits(connection))
        with pytest.raises(TooManyRequests) as refused:
            await dev_env.command(plan, SetLicensesAtRenewal(licenses=30))

    await asyncio.gather(*sent)
    assert (refused.value.code, refused.value.retry_after) == ("too_many_commands", timedelta(seconds=10))
    answer = await dev_env.command(plan, SetLicensesAtRenewal(licenses=30))
    assert answer.state.licenses_at_next_renewal == 30


@pytest.mark.full
async def test_commands_sent_at_once_around_a_billing_date_are_refused_only_where_the_rows_refuse_them(
    dev_env: Environment,
) -> None:
    ends_at = soon()
    plan = await trial_that_ends(dev_env, ends_at)

    async def fire(number: int) -> str:
        await wait_for(ends_at + timedelta(seconds=2 * number / COMMANDS - 1))
        method = (CollectionMethod.SEND_INVOICE, CollectionMethod.CHARGE_AUTOMATICALLY)[number % 2]
        try:
            await dev_env.command(plan, SetCollectionMethod(collection_method=method), f"fired-{number}")
        except Refused as error:
            return error.code
        return ""

    codes = await asyncio.gather(*map(fire, range(COMMANDS)))

    steps = [step for step in await dev_env.engine.queries.plans.steps(ref(plan)) if step.kind == "command"]
    taken = {int(step.key.rsplit("-", 1)[1]): step for step in steps}
    assert {number: bool(code) for number, code in enumerate(codes)} == {
        number: step.refused for number, step in sorted(taken.items())
    }
    for number, code in enumerate(codes):
        assert (code == "illegal_transition") == (taken[number].at < ends_at)
    assert not all(codes)

"""Workers killed at random moments: no invoice missing, none double, none wrong."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from tests.accounts import differences
from tests.chaos.workers import workers_at_risk
from tests.databases import migrated_database
from tests.environment import ANNUAL, MONTHLY, Environment, dev_server_environment, ref
from tests.sizes import sized

SEED = int(os.environ.get("BILLFLOW_CHAOS_SEED") or random.randrange(1_000_000))
CUSTOMERS = sized(2, 6, 40)
MONTHS = sized(3, 12, 20)
KILLS = sized(1, 5, 60)
STOPS = (MONTHS // 3, MONTHS // 3 * 2, MONTHS)
BEGIN = datetime(2023, 5, 31, 10, 0, tzinfo=UTC)
LONGEST = sized(1500, 1500, 7200)


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield a world whose workers are processes of their own."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url), working=False) as env:
        yield env


async def life(env: Environment, number: int) -> tuple[CustomerRecord, PlanState, StartPlan]:
    """Let one customer live through its billing dates, its seats changing on the way."""
    chosen, asked = random.Random(SEED + number), ANNUAL if number % 2 else MONTHLY
    customer = await env.customer()
    for month in range(MONTHS):
        at = add_months(BEGIN, month) + timedelta(seconds=chosen.randrange(86_400 * 25))
        await env.report(customer, chosen.randrange(1, 60), BEGIN if month == 0 else at)
    clock, plan = await env.plan_on_clock(customer, BEGIN, asked)
    for month in STOPS:
        await env.advance(clock, add_months(BEGIN, month))
    return customer, plan, asked


@pytest.mark.full
@pytest.mark.chaos
@pytest.mark.timeout(LONGEST + 60)
async def test_workers_killed_at_random_leave_no_invoice_missing_none_double_and_none_wrong(
    env: Environment, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("BILLFLOW_CHAOS_SEED", SEED)
    async with asyncio.timeout(LONGEST), workers_at_risk(env, tmp_path / "workers.log", SEED, KILLS) as workers:
        lives = await asyncio.gather(*(life(env, number) for number in range(CUSTOMERS)))

    assert workers.kills == KILLS
    for customer, plan, asked in lives:
        steps = await env.engine.queries.plans.steps(ref(plan))
        closed = [step.at for step in steps if step.kind == "close_cycle"]
        assert closed == [add_months(BEGIN, month) for month in range(1, MONTHS + 1)]
        assert await differences(env, customer, asked, BEGIN) == ()
        assert {invoice.status for invoice in await env.invoices(customer)} == {InvoiceStatus.PAID}
    assert (await env.control("GET", "/invariants"))["broken"] == []

"""Stripe or PostgreSQL gone for a while: billing goes on, nothing is lost, nothing happens twice."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event

from billflow.domain.calendar import add_months
from billflow.domain.commands import SwitchToAnnual
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.workflows.activity_execution import SEND_WINDOW
from tests.api_environment import until
from tests.outages import database_away, stripe_down
from tests.sizes import sized
from tests.waiting import PATIENCE
from tests.workflows.skipping import SkippingEnvironment, months_after

DATABASE_AWAY_SECONDS = sized(2, 2, 25)
"""More than 15 seconds pass the threshold up to which a step is retried without a timer of the workflow."""


async def asked_for_connection(env: SkippingEnvironment) -> None:
    """Wait until a step has tried to reach the database."""
    asked, pool = asyncio.Event(), env.engine.pools.work.engine.sync_engine
    event.listen(pool, "do_connect", lambda *_: asked.set())
    async with asyncio.timeout(PATIENCE):
        await asked.wait()


@pytest.mark.full
async def test_while_stripe_is_down_for_hours_a_plan_renews_and_afterwards_the_invoice_is_sent_once(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    async with stripe_down(env):
        await env.leap(months_after(await env.now(), 1) - await env.now() + timedelta(hours=4))
        assert (await env.state(plan)).due_at == add_months(plan.billing_cycle_anchor, 2)
        unsent = (await env.invoices(customer))[-1]
        assert (unsent.status, unsent.attempts) == (InvoiceStatus.DRAFT, 0)

    await env.leap_until(env.is_quiet, timedelta(minutes=6))

    assert await env.collection(unsent).result() == InvoiceStatus.PAID
    assert [held.status for held in await env.at_stripe(customer)] == ["paid", "paid"]


@pytest.mark.full
async def test_a_command_waits_for_nothing_at_stripe(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    async with stripe_down(env):
        await env.leap(months_after(await env.now(), 1) - await env.now() + timedelta(seconds=30))

        # A command that waited for Stripe would have to wait for the whole send window.
        async with asyncio.timeout(SEND_WINDOW.total_seconds() / 2):
            answer = await env.command(plan, SwitchToAnnual())

    assert answer.state.status is PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE
    assert (await env.invoices(customer))[-1].status is InvoiceStatus.DRAFT
    await env.leap(timedelta(minutes=6))
    await until(env.is_quiet)


async def test_while_postgresql_is_away_a_billing_date_waits_and_is_closed_once_when_it_is_back(
    env: SkippingEnvironment,
) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    due = add_months(plan.billing_cycle_anchor, 1)
    async with database_away(env.database_url):
        leaping = asyncio.create_task(env.leap(due - await env.now() + timedelta(hours=1)))
        await asked_for_connection(env)
        await asyncio.sleep(DATABASE_AWAY_SECONDS)
    await leaping

    async def is_closed() -> bool:
        return (await env.state(plan)).due_at == add_months(plan.billing_cycle_anchor, 2)

    await until(is_closed)
    await until(env.is_quiet)
    assert [invoice.total for invoice in await env.invoices(customer)] == [8000, 8000]
    assert [held.status for held in await env.at_stripe(customer)] == ["paid", "paid"]

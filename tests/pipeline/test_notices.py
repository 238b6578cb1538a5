"""Customers are told ahead, once per occasion and before it happens: of a trial's end, an invoice, a year's renewal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.notices import NoticeDays
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import SeatReport
from billflow.models.contracts.endpoints import EventFilter, EventRecord
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.mail import Occasion
from billflow.models.contracts.plans import StartPlanInput
from billflow.models.contracts.records import Paging
from billflow.temporal.workflow_starts import notice_sweep_workflow
from tests.pipeline.environment import BEGIN, DAY, NO_DISCOUNT, PlanEnvironment
from tests.store.conftest import by

MONTHLY = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY)
ANNUAL = replace(MONTHLY, schedule=Schedule.ANNUAL)
MONTH = add_months(BEGIN, 1)


async def events(plan_env: PlanEnvironment, kind: str) -> list[EventRecord]:
    """Return the customer's events of a type in order."""
    wanted = EventFilter(type=kind, customer_id=plan_env.customer_id)
    page = await plan_env.env.engine.repositories.outbox.list(plan_env.org_id, wanted, Paging(limit=100))
    return list(reversed(page.rows))


async def begun(plan_env: PlanEnvironment) -> None:
    await plan_env.price(NO_DISCOUNT)
    await plan_env.seats(10, BEGIN - timedelta(hours=1))


async def test_an_invoice_is_told_of_a_week_ahead_with_what_it_will_say(plan_env: PlanEnvironment) -> None:
    await begun(plan_env)
    await plan_env.plan(MONTHLY)

    await plan_env.advance(MONTH - 8 * DAY)
    assert await events(plan_env, "invoice.upcoming") == []
    for days in (7, 6, 1):
        await plan_env.advance(MONTH - days * DAY)
    (told,) = await events(plan_env, "invoice.upcoming")
    await plan_env.advance(MONTH)

    renewal = (await plan_env.closed())[-1]
    assert told.at == MONTH - 7 * DAY
    assert (told.data["total"], told.data["currency"]) == (renewal.total, renewal.currency)
    assert [line["amount"] for line in told.data["lines"]] == [line.amount for line in renewal.lines]
    assert len(await events(plan_env, "invoice.upcoming")) == 1


@pytest.mark.full
async def test_a_clock_that_jumps_over_months_tells_of_each_before_it_happens(plan_env: PlanEnvironment) -> None:
    await begun(plan_env)
    await plan_env.plan(MONTHLY)

    await plan_env.advance(add_months(BEGIN, 3))

    told = await events(plan_env, "invoice.upcoming")
    made = await events(plan_env, "invoice.created")
    assert [event.at for event in told] == [add_months(BEGIN, month) - 7 * DAY for month in (1, 2, 3)]
    for ahead, invoice in zip(told, made[1:], strict=True):
        assert ahead.sequence < invoice.sequence


@pytest.mark.full
async def test_the_end_of_a_trial_is_told_of_three_days_ahead(plan_env: PlanEnvironment) -> None:
    await begun(plan_env)
    await plan_env.plan(replace(MONTHLY, trial_days=30))

    await plan_env.advance(BEGIN + 40 * DAY)

    (told,) = await events(plan_env, "plan.trial_will_end")
    assert told.at == BEGIN + 27 * DAY


@pytest.mark.full
async def test_a_year_is_told_of_a_month_ahead_and_nothing_where_the_days_are_0(
    plan_env: PlanEnvironment,
) -> None:
    notices = plan_env.env.engine.repositories.notices
    await begun(plan_env)
    await plan_env.plan(ANNUAL)
    await notices.set_days(plan_env.org_id, NoticeDays(invoice_upcoming=0), by())
    try:
        await plan_env.advance(add_months(BEGIN, 12) - 29 * DAY)
        (told,) = await events(plan_env, "plan.will_renew")
        assert told.at == add_months(BEGIN, 12) - 30 * DAY
        await plan_env.advance(add_months(BEGIN, 12) + DAY)
        assert len(await events(plan_env, "plan.will_renew")) == 1
        assert await events(plan_env, "invoice.upcoming") == []
    finally:
        await notices.set_days(plan_env.org_id, NoticeDays(), by())


@pytest.mark.full
async def test_the_sweep_mails_what_was_told_in_the_customers_language_once(plan_env: PlanEnvironment) -> None:
    engine = plan_env.env.engine
    await begun(plan_env)
    await plan_env.plan(MONTHLY)
    await plan_env.advance(MONTH - 5 * DAY)

    for _ in range(2):
        await engine.control.run(notice_sweep_workflow())

    mails = (await engine.repositories.mails.list(plan_env.org_id, plan_env.customer_id)).rows
    (told,) = [mail for mail in mails if mail.occasion is Occasion.INVOICE_UPCOMING]
    assert told.invoice_id is None
    assert told.at == MONTH - 7 * DAY
    assert "Cloud Standard" in told.body


@pytest.mark.full
async def test_the_sweep_tells_of_plans_in_real_time(plan_env: PlanEnvironment) -> None:
    env, now = plan_env.env, datetime.now(UTC)
    customer = await env.customer()
    await env.engine.seats.report(env.org_id, customer.customer_id, [SeatReport(observed_at=now - DAY, members=3)])
    ask = StartPlanInput(
        org_id=env.org_id,
        customer_id=customer.customer_id,
        idempotency_key=KeyNamespace.CLIENT.key(uuid4().hex),
        actor="tests",
        start=replace(MONTHLY, trial_days=30),
        at=now,
    )
    plan = (await env.engine.plans.start(ask)).state
    assert plan.due_at is not None
    notices, outbox = env.engine.repositories.notices, env.engine.repositories.outbox

    async def upcoming(kind: str = "invoice.upcoming") -> list[datetime]:
        wanted = EventFilter(type=kind, customer_id=customer.customer_id)
        return [event.at for event in (await outbox.list(env.org_id, wanted, Paging())).rows]

    await notices.notify(env.org_id, plan.due_at - 8 * DAY)
    assert await upcoming() == []
    for days in (6, 5):
        await notices.notify(env.org_id, plan.due_at - days * DAY)
    assert await upcoming() == [plan.due_at - 6 * DAY]
    for hours in (71, 70):
        await notices.notify(env.org_id, plan.due_at - timedelta(hours=hours))
    assert await upcoming("plan.trial_will_end") == [plan.due_at - timedelta(hours=71)]

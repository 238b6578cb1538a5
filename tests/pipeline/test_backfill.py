"""After an outage: every billing date in its order, each invoice at its own date, and one notice for the customer."""

from dataclasses import replace
from datetime import datetime

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import SwitchToAnnual
from billflow.domain.plan import Schedule
from billflow.models.contracts.mail import MailRecord, Occasion
from tests.api_environment import until
from tests.pipeline.environment import BEGIN, DAY, MONTHLY, PlanEnvironment, by_hand, by_invoice


async def notices(plan_env: PlanEnvironment) -> list[dict[str, object]]:
    """Return the notices of late invoices, once there is one."""

    async def is_notified() -> bool:
        return bool(await plan_env.events("billing.backfilled"))

    await until(is_notified)
    return await plan_env.events("billing.backfilled")


async def test_an_outage_is_backfilled_oldest_first_with_one_notice_of_all_invoices(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(10))

    await plan_env.advance(add_months(BEGIN, 5) + DAY)

    [notice] = await notices(plan_env)
    _, *late = await plan_env.closed()
    assert [invoice.issued_at for invoice in late] == [add_months(BEGIN, month) for month in range(1, 6)]
    told = notice["invoices"]
    assert isinstance(told, list)
    assert [one["invoice_id"] for one in told] == [invoice.invoice_id for invoice in late]
    assert notice["total"] == 5 * 8000
    assert [event["behind"] for event in await plan_env.events("invoice.created")] == [False] + [True] * 5
    times = [entry.event_time for entry in await plan_env.ledger(plan)]
    assert times == [add_months(BEGIN, month) for month in range(6)]


@pytest.mark.full
async def test_one_mail_tells_of_all_late_invoices_with_their_dates_and_sum(plan_env: PlanEnvironment) -> None:
    await plan_env.plan(by_hand(10))

    await plan_env.advance(add_months(BEGIN, 3) + DAY)

    _, *late = await plan_env.closed()
    [mail] = await mails(plan_env)
    assert mail.occasion is Occasion.BACKFILL
    assert [line for line in mail.body.splitlines() if line.startswith("- ")] == [
        f"- {date}: {invoice.number}, USD\xa080.00"
        for date, invoice in zip(("February 15, 2026", "March 15, 2026", "April 15, 2026"), late, strict=True)
    ]
    assert "Together they come to USD\xa0240.00." in mail.body


async def mails(plan_env: PlanEnvironment) -> list[MailRecord]:
    """Return the customer's mails, once there is one."""
    mails = plan_env.env.engine.repositories.mails

    async def is_written() -> bool:
        return bool((await mails.list(plan_env.org_id, plan_env.customer_id)).rows)

    await until(is_written)
    return list((await mails.list(plan_env.org_id, plan_env.customer_id)).rows)


@pytest.mark.full
async def test_a_billing_date_in_time_gives_no_such_notice(plan_env: PlanEnvironment) -> None:
    await plan_env.plan(by_hand(10))

    for month in (1, 2):
        await plan_env.months(month)
    await plan_env.closed()

    assert await plan_env.events("billing.backfilled") == []
    assert (await plan_env.env.engine.repositories.mails.list(plan_env.org_id, plan_env.customer_id)).rows == ()
    assert [event["behind"] for event in await plan_env.events("invoice.created")] == [False] * 3


@pytest.mark.full
async def test_seats_that_changed_during_the_outage_are_billed_month_by_month(plan_env: PlanEnvironment) -> None:
    await plan_env.seats(10, BEGIN - DAY)
    await plan_env.plan(MONTHLY)
    for month in (1, 2, 3):
        await plan_env.seats(10 + month, add_months(BEGIN, month) + DAY)

    await plan_env.advance(add_months(BEGIN, 4) + DAY)

    renewals = [invoice.lines[0].quantity for invoice in await plan_env.closed()]
    assert renewals == [10, 10, 11, 12, 13]
    assert len(await notices(plan_env)) == 1


@pytest.mark.full
async def test_a_switch_within_the_outage_leaves_one_notice_for_both_plans(plan_env: PlanEnvironment) -> None:
    plan = await plan_env.plan(by_hand(10))
    await plan_env.months(1)
    await plan_env.command(plan, SwitchToAnnual())

    await plan_env.advance(add_months(BEGIN, 15))

    [notice] = await notices(plan_env)
    invoices = await plan_env.closed()
    told = notice["invoices"]
    assert isinstance(told, list)
    assert [one["total"] for one in told] == [80_000, 80_000]
    assert [invoice.total for invoice in invoices] == [8000, 8000, 80_000, 80_000]


@pytest.mark.full
async def test_invoices_are_due_described_and_named_on_the_statement_as_agreed(plan_env: PlanEnvironment) -> None:
    await plan_env.plan(by_invoice(10, replace(MONTHLY, schedule=Schedule.ANNUAL)))
    [purchase] = await plan_env.sent()
    assert (purchase.due_at, purchase.statement_descriptor) == (BEGIN + DAY, "Cloud Standard")
    assert [line.description for line in purchase.lines] == ["Cloud Standard"]
    await plan_env.pay(purchase)
    await plan_env.closed()
    due = add_months(BEGIN, 12)

    await plan_env.advance(due)

    renewal = (await plan_env.sent())[-1]
    held = (await plan_env.at_stripe())[-1]
    assert (renewal.issued_at, renewal.due_at) == (due, due + 15 * DAY)
    assert [line.description for line in renewal.lines] == ["Cloud Standard - renewal"]
    assert held.statement_descriptor == "Cloud Standard"
    assert [line.description for line in held.lines.data] == ["Cloud Standard - renewal (10 x USD 80)"]
    assert datetime.fromtimestamp(held.lines.data[0].period.start, due.tzinfo) == due

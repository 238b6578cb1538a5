"""After an outage: every boundary in its order, each invoice at its own date, and one notice for the customer."""

from dataclasses import replace
from datetime import datetime

from billflow.domain.calendar import add_months
from billflow.domain.commands import SwitchToAnnual
from billflow.domain.plan import Schedule
from billflow.models.contracts.mail import MailRecord, Occasion
from tests.engine_fixtures import until
from tests.pipeline.story import BEGIN, DAY, MONTHLY, Story, by_hand, by_invoice


async def notices(story: Story) -> list[dict[str, object]]:
    """Return the notices of late invoices, once there is one."""

    async def is_told() -> bool:
        return bool(await story.events("customer.caught_up"))

    await until(is_told)
    return await story.events("customer.caught_up")


async def test_an_outage_is_caught_up_oldest_first_with_one_notice_of_all_invoices(story: Story) -> None:
    plan = await story.plan(by_hand(10))

    await story.advance(add_months(BEGIN, 5) + DAY)

    [notice] = await notices(story)
    _, *late = await story.settled()
    assert [invoice.issued_at for invoice in late] == [add_months(BEGIN, month) for month in range(1, 6)]
    told = notice["invoices"]
    assert isinstance(told, list)
    assert [one["invoice_id"] for one in told] == [invoice.invoice_id for invoice in late]
    assert notice["total"] == 5 * 8000
    assert [event["behind"] for event in await story.events("invoice.created")] == [False] + [True] * 5
    times = [entry.event_time for entry in await story.ledger(plan)]
    assert times == [add_months(BEGIN, month) for month in range(6)]


async def test_one_letter_tells_of_all_late_invoices_with_their_dates_and_sum(story: Story) -> None:
    await story.plan(by_hand(10))

    await story.advance(add_months(BEGIN, 3) + DAY)

    _, *late = await story.settled()
    [letter] = await letters(story)
    assert letter.occasion is Occasion.CAUGHT_UP
    assert [line for line in letter.body.splitlines() if line.startswith("- ")] == [
        f"- {date}: {invoice.number}, USD\xa080.00"
        for date, invoice in zip(("February 15, 2026", "March 15, 2026", "April 15, 2026"), late, strict=True)
    ]
    assert "Together they come to USD\xa0240.00." in letter.body


async def letters(story: Story) -> list[MailRecord]:
    """Return the customer's mails, once there is one."""
    postbox = story.house.engine.postbox

    async def is_written() -> bool:
        return bool((await postbox.mails(story.org_id, story.customer_id)).rows)

    await until(is_written)
    return list((await postbox.mails(story.org_id, story.customer_id)).rows)


async def test_a_boundary_in_time_gives_no_such_notice(story: Story) -> None:
    await story.plan(by_hand(10))

    for month in (1, 2):
        await story.months(month)
    await story.settled()

    assert await story.events("customer.caught_up") == []
    assert (await story.house.engine.postbox.mails(story.org_id, story.customer_id)).rows == ()
    assert [event["behind"] for event in await story.events("invoice.created")] == [False] * 3


async def test_seats_that_changed_during_the_outage_are_billed_month_by_month(story: Story) -> None:
    await story.seats(10, BEGIN - DAY)
    await story.plan(MONTHLY)
    for month in (1, 2, 3):
        await story.seats(10 + month, add_months(BEGIN, month) + DAY)

    await story.advance(add_months(BEGIN, 4) + DAY)

    renewals = [invoice.lines[0].quantity for invoice in await story.settled()]
    assert renewals == [10, 10, 11, 12, 13]
    assert len(await notices(story)) == 1


async def test_a_switch_within_the_outage_leaves_one_notice_for_both_plans(story: Story) -> None:
    plan = await story.plan(by_hand(10))
    await story.months(1)
    await story.command(plan, SwitchToAnnual())

    await story.advance(add_months(BEGIN, 15))

    [notice] = await notices(story)
    invoices = await story.settled()
    told = notice["invoices"]
    assert isinstance(told, list)
    assert [one["total"] for one in told] == [80_000, 80_000]
    assert [invoice.total for invoice in invoices] == [8000, 8000, 80_000, 80_000]


async def test_invoices_are_due_described_and_named_on_the_statement_as_agreed(story: Story) -> None:
    await story.plan(by_invoice(10, replace(MONTHLY, schedule=Schedule.ANNUAL)))
    [purchase] = await story.sent()
    assert (purchase.due_at, purchase.statement_descriptor) == (BEGIN + DAY, "Cloud Standard")
    assert [line.description for line in purchase.lines] == ["Cloud Standard"]
    await story.pay(purchase)
    await story.settled()
    due = add_months(BEGIN, 12)

    await story.advance(due)

    renewal = (await story.sent())[-1]
    held = (await story.at_stripe())[-1]
    assert (renewal.issued_at, renewal.due_at) == (due, due + 15 * DAY)
    assert [line.description for line in renewal.lines] == ["Cloud Standard - renewal"]
    assert held.statement_descriptor == "Cloud Standard"
    assert [line.description for line in held.lines.data] == ["Cloud Standard - renewal (10 x USD 80)"]
    assert datetime.fromtimestamp(held.lines.data[0].period.start, due.tzinfo) == due

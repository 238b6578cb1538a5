"""Self-hosted servers report their seats; a plan waits for what is missing and goes on by itself."""

from datetime import timedelta

from billflow.domain.calendar import add_months
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.customers import SeatReport
from billflow.models.contracts.offers import Acceptance, NewOffer
from tests.engine_fixtures import until
from tests.pipeline.story import BASIC, BEGIN, DAY, NO_DISCOUNT, Story

MONTH = add_months(BEGIN, 1)


async def basic(story: Story) -> None:
    await story.price(NO_DISCOUNT)
    await story.seats(12, BEGIN - timedelta(hours=1))


async def test_a_plan_waits_for_seat_data_says_so_once_and_goes_on_when_it_comes(server_story: Story) -> None:
    story = server_story
    await basic(story)
    plan = await story.plan(BASIC)
    await story.advance(MONTH + DAY)
    await story.advance(MONTH + 2 * DAY)
    parked = await story.state(plan)
    assert parked.attention is not None
    assert parked.attention.code == "stale_seat_data"
    assert len(await story.events("plan.seat_data_stale")) == 1

    report = [SeatReport(observed_at=MONTH + DAY, members=14)]
    await story.house.engine.billing.report_seats(story.org_id, story.customer_id, report)

    async def is_free() -> bool:
        return (await story.state(plan)).attention is None

    await until(is_free)
    purchase, renewal = await story.settled()
    assert (purchase.total, renewal.total, renewal.issued_at) == (12 * 350, 12 * 350, MONTH)
    assert (await story.state(plan)).due_at == add_months(BEGIN, 2)


async def test_each_wait_has_its_own_notice(server_story: Story) -> None:
    story = server_story
    await basic(story)
    await story.plan(BASIC)
    for month in (1, 2):
        due = add_months(BEGIN, month)
        await story.advance(due + DAY)
        await story.seats(12, due + DAY)
        await story.advance(due + 2 * DAY)

    assert len(await story.events("plan.seat_data_stale")) == 2
    assert [invoice.total for invoice in await story.settled()] == [12 * 350] * 3


async def test_a_fixed_price_is_billed_without_seat_data_with_a_notice_each_time(server_story: Story) -> None:
    story = server_story
    offering = story.house.engine.offering
    new = NewOffer(tier="self_hosted_business", fixed_price=12_000)
    offer = (await offering.make(story.org_id, story.customer_id, new, await story.change())).offer
    chosen = Acceptance(key="yes", schedule=Schedule.MONTHLY, test_clock_id=story.clock_id)
    started = await offering.accept(story.org_id, story.customer_id, offer.offer_id, chosen, await story.change())

    await story.months(3)

    assert (await story.state(started.state)).status is PlanStatus.ACTIVE
    assert [invoice.total for invoice in await story.settled()] == [1000] * 4
    assert len(await story.events("plan.seat_data_stale")) == 3


async def test_the_review_of_a_fixed_price_is_due_once_two_months_before_it_ends(server_story: Story) -> None:
    story = server_story
    offering = story.house.engine.offering
    new = NewOffer(tier="self_hosted_business", fixed_price=12_000)
    offer = (await offering.make(story.org_id, story.customer_id, new, await story.change())).offer
    chosen = Acceptance(key="yes", schedule=Schedule.ANNUAL, test_clock_id=story.clock_id)
    await offering.accept(story.org_id, story.customer_id, offer.offer_id, chosen, await story.change())

    await story.months(9)
    before = await story.events("plan.fixed_price_review_due")
    await story.months(11)

    assert before == []
    assert len(await story.events("plan.fixed_price_review_due")) == 1

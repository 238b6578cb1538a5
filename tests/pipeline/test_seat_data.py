"""Self-hosted servers report their seats; a plan waits for what is missing and goes on by itself."""

from datetime import datetime, timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.customers import SeatReport
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.offers import Acceptance, OfferCreate
from billflow.models.contracts.plans import PlanState
from tests.api_environment import until
from tests.pipeline.environment import BASIC, BEGIN, DAY, NO_DISCOUNT, PlanEnvironment

MONTH = add_months(BEGIN, 1)


async def basic(plan_env: PlanEnvironment) -> None:
    await plan_env.price(NO_DISCOUNT)
    await plan_env.seats(12, BEGIN - timedelta(hours=1))


async def renewed(plan_env: PlanEnvironment, plan: PlanState, due_at: datetime) -> None:
    """Wait until the plan has renewed, to *due_at*: a clock that is advanced does not wait for a plan on hold."""

    async def is_renewed() -> bool:
        return (await plan_env.state(plan)).due_at == due_at

    await until(is_renewed)


async def test_a_plan_waits_for_seat_data_says_so_once_and_goes_on_when_it_comes(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    await basic(plan_env)
    plan = await plan_env.plan(BASIC)
    await plan_env.advance(MONTH + DAY)
    await plan_env.advance(MONTH + 2 * DAY)
    on_hold = await plan_env.state(plan)
    assert on_hold.attention is not None
    assert on_hold.attention.code == "stale_seat_data"
    assert len(await plan_env.events("plan.seat_data_stale")) == 1

    report = [SeatReport(observed_at=MONTH + DAY, members=14)]
    await plan_env.env.engine.seats.report(plan_env.org_id, plan_env.customer_id, report)

    async def is_free() -> bool:
        return (await plan_env.state(plan)).attention is None

    await until(is_free)
    purchase, renewal = await plan_env.closed()
    assert (purchase.total, renewal.total, renewal.issued_at) == (12 * 350, 12 * 350, MONTH)
    assert (await plan_env.state(plan)).due_at == add_months(BEGIN, 2)


@pytest.mark.full
async def test_each_wait_has_its_own_notice(server_plan_env: PlanEnvironment) -> None:
    plan_env = server_plan_env
    await basic(plan_env)
    plan = await plan_env.plan(BASIC)
    for month in (1, 2):
        due = add_months(BEGIN, month)
        await plan_env.advance(due + DAY)
        await plan_env.seats(12, due + DAY)
        await plan_env.advance(due + 2 * DAY)
        await renewed(plan_env, plan, add_months(BEGIN, month + 1))

    assert len(await plan_env.events("plan.seat_data_stale")) == 2
    assert [invoice.total for invoice in await plan_env.closed()] == [12 * 350] * 3


@pytest.mark.full
async def test_a_fixed_price_is_billed_without_seat_data_with_a_notice_each_time(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    offering = plan_env.env.engine.offers
    new = OfferCreate(tier="self_hosted_business", fixed_price=12_000)
    offer = (await offering.make(plan_env.org_id, plan_env.customer_id, new, await plan_env.change())).offer
    chosen = Acceptance(key=KeyNamespace.CLIENT.key("yes"), schedule=Schedule.MONTHLY, test_clock_id=plan_env.clock_id)
    started = await offering.accept(
        plan_env.org_id, plan_env.customer_id, offer.offer_id, chosen, await plan_env.change()
    )

    await plan_env.months(3)

    assert (await plan_env.state(started.state)).status is PlanStatus.ACTIVE
    assert [invoice.total for invoice in await plan_env.closed()] == [1000] * 4
    assert len(await plan_env.events("plan.seat_data_stale")) == 3


@pytest.mark.full
async def test_the_review_of_a_fixed_price_is_due_once_two_months_before_it_ends(
    server_plan_env: PlanEnvironment,
) -> None:
    plan_env = server_plan_env
    offering = plan_env.env.engine.offers
    new = OfferCreate(tier="self_hosted_business", fixed_price=12_000)
    offer = (await offering.make(plan_env.org_id, plan_env.customer_id, new, await plan_env.change())).offer
    chosen = Acceptance(key=KeyNamespace.CLIENT.key("yes"), schedule=Schedule.ANNUAL, test_clock_id=plan_env.clock_id)
    await offering.accept(plan_env.org_id, plan_env.customer_id, offer.offer_id, chosen, await plan_env.change())

    await plan_env.months(9)
    before = await plan_env.events("plan.fixed_price_review_due")
    await plan_env.months(11)

    assert before == []
    assert len(await plan_env.events("plan.fixed_price_review_due")) == 1

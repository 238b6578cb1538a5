"""Whose seats are counted when: once a day, shortly before each billing date, and while a plan waits for them."""

from datetime import datetime, timedelta

from sqlalchemy import update

from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.seat_sources import (
    DeploymentSeats,
    NewSeatSource,
    SeatCounts,
    SeatPullInput,
    SeatSourceKind,
)
from billflow.models.tables import CustomerPlan
from billflow.store.customers.seat_pulls import PostgresSeatPullRepository
from billflow.store.customers.seat_sources import PostgresSeatSourceSettings
from tests.store.conftest import BEGIN, Company, by

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def counted_customer(company: Company) -> CustomerRecord:
    """Return a customer with a plan, whose seats come from a file."""
    customer = await company.customer()
    await company.bought(customer)
    settings = PostgresSeatSourceSettings(company.database, str)
    new = NewSeatSource(kind=SeatSourceKind.FILE, target="seats.csv")
    await settings.set_source(company.org_id, new, by())
    return customer


async def due(company: Company, at: datetime) -> bool:
    """Tell whether anybody is to be counted."""
    asked = SeatPullInput(org_id=company.org_id, at=at)
    return bool((await PostgresSeatPullRepository(company.database).due(asked)).batches)


async def count(company: Company, customer: CustomerRecord, at: datetime, *, away: bool = False) -> None:
    """Count the customer, or find its source away."""
    pulls = PostgresSeatPullRepository(company.database)
    (batch,) = (await pulls.due(SeatPullInput(org_id=company.org_id, everyone=True, at=at))).batches
    if away:
        await pulls.record_failure(batch, "seat_source_away", "It is away.")
    else:
        counts = (DeploymentSeats(deployment_id=customer.deployment_id, members=3),)
        await pulls.record_counts(batch, SeatCounts(counts=counts))


async def test_a_customer_is_counted_at_first_and_then_once_a_day(company: Company) -> None:
    customer = await counted_customer(company)

    assert await due(company, BEGIN)
    await count(company, customer, BEGIN)
    assert not await due(company, BEGIN + MINUTE)
    assert not await due(company, BEGIN + timedelta(hours=20))
    assert await due(company, BEGIN + DAY)


async def test_a_customer_is_counted_shortly_before_its_billing_date(company: Company) -> None:
    customer = await counted_customer(company)
    (plan,) = await company.queries.plans.running(company.org_id)
    assert plan.due_at is not None
    await count(company, customer, plan.due_at - timedelta(hours=5))

    assert not await due(company, plan.due_at - timedelta(hours=2))
    assert await due(company, plan.due_at - timedelta(minutes=50))
    await count(company, customer, plan.due_at - timedelta(minutes=50))
    assert not await due(company, plan.due_at - timedelta(minutes=20))


async def test_a_source_that_was_away_is_asked_again_while_a_plan_waits_for_it(company: Company) -> None:
    customer = await counted_customer(company)
    async with company.database.unit_of_work(company.org_id) as session:
        waits = {"attention_code": "stale_seat_data", "attention_message": "…", "attention_since": BEGIN}
        await session.execute(update(CustomerPlan).values(waits))
    await count(company, customer, BEGIN, away=True)

    assert not await due(company, BEGIN + 5 * MINUTE)
    assert await due(company, BEGIN + 15 * MINUTE)
    assert (await PostgresSeatSourceSettings(company.database, str).list(company.org_id))[0].failing == 1


async def test_nobody_is_counted_whose_seats_are_pushed_or_whose_source_was_removed(company: Company) -> None:
    customer = await counted_customer(company)
    settings = PostgresSeatSourceSettings(company.database, str)
    own = NewSeatSource(kind=SeatSourceKind.PUSH, customer_id=customer.customer_id)
    pushed = (await settings.set_source(company.org_id, own, by())).record
    assert not await due(company, BEGIN)

    await settings.remove(company.org_id, pushed.seat_source_id, by())
    assert await due(company, BEGIN)
    (default,) = await settings.list(company.org_id)
    await settings.remove(company.org_id, default.seat_source_id, by())
    assert not await due(company, BEGIN)

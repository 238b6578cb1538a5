"""Offers whose time is over expire by themselves, with the nightly reconciliation, and everyone hears of it once."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from billflow.models.contracts.customers import ChangeContext, CustomerRecord, OfferStatus
from billflow.models.contracts.offers import OfferCreate
from tests.reconciliation.conftest import ReconciliationEnvironment

HOUR = timedelta(hours=1)


async def offered(
    env: ReconciliationEnvironment, customer: CustomerRecord, tier: str, expires_at: datetime | None
) -> str:
    """Make an offer two hours ago, and return its id."""
    change = ChangeContext(actor="support", at=datetime.now(UTC) - 2 * HOUR)
    new = OfferCreate(tier=tier, fixed_price=120_000, expires_at=expires_at)
    return (await env.engine.offers.make(env.org_id, customer.customer_id, new, change)).offer.offer_id


async def statuses(env: ReconciliationEnvironment) -> dict[str, OfferStatus]:
    """Return what the rows say of each offer, whatever the time."""
    async with await psycopg.AsyncConnection.connect(env.database_url) as connection:
        rows = await (await connection.execute("SELECT id::text, status FROM customer_plan_offer")).fetchall()
    return {offer_id: OfferStatus(status) for offer_id, status in rows}


async def reported(env: ReconciliationEnvironment) -> list[str]:
    """Return the ids of the offers that events say have expired."""
    query = "SELECT data ->> 'offer_id' FROM outbox_event WHERE type = 'offer.expired'"
    async with await psycopg.AsyncConnection.connect(env.database_url) as connection:
        return [row[0] for row in await (await connection.execute(query)).fetchall()]


@pytest.mark.full
async def test_an_offer_expires_by_itself_once(env: ReconciliationEnvironment) -> None:
    customer, now = await env.subscriber(), datetime.now(UTC)
    over = await offered(env, customer, "cloud_plus", now - HOUR)
    running = await offered(env, customer, "cloud_standard", now + HOUR)
    forever = await offered(env, customer, "cloud_enterprise", None)

    for _ in range(2):
        await env.reconcile(repair=False)

    found = await statuses(env)
    assert (found[over], found[running], found[forever]) == (OfferStatus.EXPIRED, OfferStatus.OPEN, OfferStatus.OPEN)
    assert [offer_id for offer_id in await reported(env) if offer_id in (over, running, forever)] == [over]
    [shown] = [
        offer
        for offer in await env.engine.repositories.offers.list(env.org_id, customer.customer_id, now)
        if offer.offer_id == over
    ]
    assert (shown.status, shown.closed_at) == (OfferStatus.EXPIRED, now - HOUR)

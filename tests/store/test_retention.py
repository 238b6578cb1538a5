"""What is older than its period is deleted, and nothing else is."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg

from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.models.contracts.webhooks import StripeEvent
from billflow.store.access.idempotency import PostgresIdempotencyRepository
from billflow.store.audit.retention import Retention
from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository
from tests.store.conftest import Company

DAY = timedelta(days=1)
PERIODS = {"stripe_events": 90 * DAY, "mails": 730 * DAY}


async def event(company: Company, age: timedelta, *, handled: bool) -> str:
    """Store an event of Stripe's that came so long ago."""
    events, event_id, now = PostgresStripeEventRepository(company.database), f"evt_{uuid4().hex}", datetime.now(UTC)
    missing = dict.fromkeys(name for name, field in StripeEvent.model_fields.items() if field.is_required())
    named = {"event_id": event_id, "type": "invoice.paid", "created": now, "livemode": False}
    made = StripeEvent.model_validate(missing | named)
    assert await events.store_event(company.org_id, made, now - age)
    if handled:
        await events.mark_handled(company.org_id, event_id, now)
    return event_id


def column(url: str, query: str, org_id: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(row[0]) for row in connection.execute(query, [org_id])}


async def test_stripes_events_go_when_they_are_old_and_handled(company: Company, store_url: str) -> None:
    await event(company, 91 * DAY, handled=True)
    kept = {await event(company, 91 * DAY, handled=False), await event(company, 89 * DAY, handled=True)}

    deleted = await Retention(company.database).prune(**PERIODS)

    assert deleted["stripe_events"] >= 1
    assert column(store_url, "SELECT stripe_event_id FROM webhook_event WHERE org_id = %s", company.org_id) == kept


async def test_answers_go_when_they_have_expired(company: Company, store_url: str) -> None:
    answers = PostgresIdempotencyRepository(company.database)
    for key in ("old", "young"):
        claim = Claim(key=key, fingerprint=b"same", holder=str(uuid4()))
        assert await answers.claim(company.org_id, claim) is ClaimState.MINE
        await answers.store(company.org_id, claim, IdempotentResponse(status=200, headers={}, body=b"done"))
    with psycopg.connect(store_url) as connection:
        expire = "UPDATE idempotency_key SET expires_at = now() - interval '1 second' WHERE org_id = %s AND key = 'old'"
        connection.execute(expire, [company.org_id])

    await Retention(company.database).prune(**PERIODS)

    assert column(store_url, "SELECT key FROM idempotency_key WHERE org_id = %s", company.org_id) == {"young"}


MAIL = """
    INSERT INTO mail (id, org_id, customer_id, invoice_id, key, occasion, language, recipient, subject, body, at,
                      created_at)
    SELECT gen_random_uuid(), org_id, customer_id, id, %s, 'payment_failed', 'en', 'a@b.example', '', '', now(),
           now() - make_interval(days => %s)
    FROM invoice WHERE id = %s"""


async def test_mails_go_when_they_are_old_unless_their_invoice_is_open(company: Company, store_url: str) -> None:
    for _ in range(2):
        await company.bought(await company.customer())
    with psycopg.connect(store_url) as connection:
        query = "SELECT id FROM invoice WHERE org_id = %s"
        (paid,), (owed,) = connection.execute(query, [company.org_id]).fetchall()
        pay = "UPDATE invoice SET status = 'paid', paid_at = now() WHERE id = %s"
        connection.execute(pay, [paid])
        for invoice, key, days in ((paid, "gone", 731), (paid, "young", 729), (owed, "owed", 731)):
            connection.execute(MAIL, [key, days, invoice])

    await Retention(company.database).prune(**PERIODS)

    assert column(store_url, "SELECT key FROM mail WHERE org_id = %s", company.org_id) == {"young", "owed"}

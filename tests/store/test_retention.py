"""What is older than its period is deleted, and nothing else is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg

from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.models.contracts.retention import RetentionPeriods
from billflow.models.contracts.webhooks import ForeignReason, StripeEvent
from billflow.store.access.idempotency import PostgresIdempotencyRepository
from billflow.store.audit.retention import Retention
from billflow.store.audit.roots import AuditRoots
from billflow.store.session.database import Database
from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository
from tests.store.conftest import Company, company_of

DAY = timedelta(days=1)
PERIODS = RetentionPeriods(
    stripe_events=90 * DAY,
    foreign_events=30 * DAY,
    mails=730 * DAY,
    computed_invoices=730 * DAY,
    plan_batches=730 * DAY,
    reconciliations=365 * DAY,
    seats=730 * DAY,
    deliveries=90 * DAY,
    events=180 * DAY,
    audit=3650 * DAY,
)


async def pruned(company: Company, folder: Path | None = None) -> dict[str, int]:
    """Prune an organization."""
    retention = Retention(company.database, PERIODS, folder, AuditRoots(company.database, None))
    return await retention.prune(company.org_id)


async def event(company: Company, age: timedelta, *, handled: bool) -> str:
    """Store an event of Stripe's that came so long ago."""
    events, event_id, now = PostgresStripeEventRepository(company.database), f"evt_{uuid4().hex}", datetime.now(UTC)
    missing = dict.fromkeys(name for name, field in StripeEvent.model_fields.items() if field.is_required())
    named = {"event_id": event_id, "type": "invoice.paid", "created": now, "livemode": False}
    made = StripeEvent.model_validate(missing | named)
    assert (await events.store_event(company.org_id, made, now - age)).is_new
    if handled:
        await events.mark_handled(company.org_id, event_id, now)
    return event_id


def column(url: str, query: str, org_id: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(row[0]) for row in connection.execute(query, [org_id])}


async def test_stripes_events_go_when_they_are_old_and_handled(company: Company, store_url: str) -> None:
    await event(company, 91 * DAY, handled=True)
    kept = {await event(company, 91 * DAY, handled=False), await event(company, 89 * DAY, handled=True)}

    deleted = await pruned(company)

    assert deleted["stripe_events"] == 1
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

    await pruned(company)

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

    await pruned(company)

    assert column(store_url, "SELECT key FROM mail WHERE org_id = %s", company.org_id) == {"young", "owed"}


COMPUTED = """
    WITH invoice AS (
        INSERT INTO computed_invoice (org_id, plan_id, customer_id, kind, currency, total, tax, tax_inclusive,
                                      automatic_tax, invoice_date, step_key, created_at)
        SELECT org_id, id, customer_id, 'recurring', 'USD', 800, 0, false, false, now(), %s,
               now() - make_interval(days => %s)
        FROM customer_plan WHERE org_id = %s LIMIT 1 RETURNING *)
    INSERT INTO computed_invoice_line (org_id, computed_invoice_id, n, kind, description, quantity, unit_amount,
                                       amount, period_start, period_end, derivation, tax)
    SELECT org_id, id, 1, 'renewal', step_key, 1, 800, 800, now(), now(), '{}', 0 FROM invoice"""


async def test_what_was_computed_for_a_parallel_run_goes_with_its_lines(company: Company, store_url: str) -> None:
    await company.bought(await company.customer())
    with psycopg.connect(store_url) as connection:
        for key, days in (("old", 731), ("young", 729)):
            connection.execute(COMPUTED, [key, days, company.org_id])

    assert (await pruned(company))["computed_invoices"] == 1

    lines = "SELECT description FROM computed_invoice_line WHERE org_id = %s"
    assert column(store_url, lines, company.org_id) == {"young"}


EVENT = """
    WITH event AS (
        INSERT INTO outbox_event (org_id, type, at, customer_id, data, created_at)
        VALUES (%(org)s, %(type)s, now(), %(customer)s, '{}', now() - make_interval(days => %(age)s)) RETURNING *),
    endpoint AS (
        INSERT INTO webhook_endpoint (org_id, url, event_types, secret)
        VALUES (%(org)s, 'https://a.example', '{}', 's') RETURNING id),
    message AS (
        INSERT INTO webhook_message (org_id, endpoint_id, event_id, sequence, status, updated_at)
        SELECT org_id, endpoint.id, event.id, sequence, %(status)s::text, now() - make_interval(days => %(sent)s)
        FROM event, endpoint WHERE %(status)s::text <> '' RETURNING *)
    INSERT INTO event_delivery (org_id, message_id, endpoint_id, event_id, attempt, outcome, duration_ms, at)
    SELECT org_id, id, endpoint_id, event_id, 1, 'delivered', 1, now() FROM message"""


def an_event(
    url: str, company: Company, name: str, age: int, *, status: str = "", sent: int = 0, customer: str | None = None
) -> None:
    """Write an event of so many days, and what became of sending it so many days ago."""
    values = {"org": company.org_id, "type": name, "age": age, "status": status, "sent": sent, "customer": customer}
    with psycopg.connect(url) as connection:
        connection.execute(EVENT, values)
        # Routed: nobody waits to look at it.
        connection.execute("DELETE FROM outbox_pending WHERE org_id = %s", [company.org_id])


async def test_deliveries_go_with_their_attempts_and_events_once_no_delivery_of_them_is_left(
    company: Company, store_url: str
) -> None:
    for name, age, status, sent in (
        ("old and sent long ago", 181, "delivered", 91),
        ("old and given up long ago", 181, "failed", 91),
        ("old and never sent", 181, "", 0),
        ("old and sent lately", 181, "delivered", 89),
        ("old and waiting", 181, "pending", 91),
        ("young and sent long ago", 179, "delivered", 91),
    ):
        an_event(store_url, company, name, age, status=status, sent=sent)

    deleted = await pruned(company)

    events = column(store_url, "SELECT type FROM outbox_event WHERE org_id = %s", company.org_id)
    messages = "SELECT type FROM {} JOIN outbox_event e ON e.id = event_id WHERE e.org_id = %s"
    assert events == {"old and sent lately", "old and waiting", "young and sent long ago"}
    for table in ("webhook_message", "event_delivery"):
        assert column(store_url, messages.format(table), company.org_id) == {"old and sent lately", "old and waiting"}
    assert (deleted["deliveries"], deleted["events"]) == (3, 3)


async def test_an_event_that_nobody_looked_at_yet_stays_however_old(company: Company, store_url: str) -> None:
    an_event(store_url, company, "looked at", 181)
    with psycopg.connect(store_url) as connection:
        connection.execute(
            "INSERT INTO outbox_event (org_id, type, at, data, created_at)"
            " VALUES (%s, 'new', now(), '{}', now() - interval '181 days')",
            [company.org_id],
        )

    await pruned(company)

    assert column(store_url, "SELECT type FROM outbox_event WHERE org_id = %s", company.org_id) == {"new"}


async def test_the_suspension_of_a_customer_that_still_is_suspended_stays(company: Company, store_url: str) -> None:
    suspended, active = [await company.customer() for _ in range(2)]
    for customer in (suspended, active):
        an_event(store_url, company, "customer.suspended", 181, customer=customer.customer_id)
    with psycopg.connect(store_url) as connection:
        suspend = "UPDATE customer SET suspended_at = now(), status = 'suspended' WHERE id = %s"
        connection.execute(suspend, [suspended.customer_id])

    await pruned(company)

    query = "SELECT customer_id FROM outbox_event WHERE org_id = %s AND type = 'customer.suspended'"
    assert column(store_url, query, company.org_id) == {suspended.customer_id}


async def test_one_organization_is_pruned_and_no_other_even_where_the_owner_is_a_superuser(
    company: Company, database: Database, store_url: str
) -> None:
    other = company_of(database, await company.repositories.organizations.ensure(f"other-{uuid4().hex[:8]}"))
    for one in (company, other):
        an_event(store_url, one, "old", 181, status="delivered", sent=91)

    await pruned(company)

    for table in ("outbox_event", "webhook_message", "event_delivery"):
        count = f"SELECT count(*) FROM {table} WHERE org_id = %s"  # noqa: S608
        assert column(store_url, count, company.org_id) == {"0"}
        assert column(store_url, count, other.org_id) == {"1"}


async def test_foreign_events_go_when_they_are_old(company: Company) -> None:
    events, now = PostgresStripeEventRepository(company.database), datetime.now(UTC)
    missing = dict.fromkeys(name for name, field in StripeEvent.model_fields.items() if field.is_required())
    for name, age in (("evt_old", 31), ("evt_young", 29)):
        named = {"event_id": name, "type": "invoice.paid", "created": now, "livemode": False}
        made = StripeEvent.model_validate(missing | named)
        await events.store_foreign(made, ForeignReason.NO_CUSTOMER, now - age * DAY)

    deleted = await pruned(company)

    assert deleted["foreign_events"] == 1
    assert {event.event_id for event in await events.list_foreign(100)} == {"evt_young"}


SEATS = """
    INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests, created_at)
    SELECT org_id, id, now() - make_interval(days => %(observed)s), %(observed)s, 0,
           now() - make_interval(days => %(reported)s)
    FROM customer WHERE id = %(customer)s"""


async def test_reported_seats_go_once_they_are_old_and_neither_plans_nor_purchases_read_them(
    company: Company, store_url: str
) -> None:
    billed, behind, without = [await company.customer() for _ in range(3)]
    for customer in (billed, behind):
        await company.bought(customer)
    reported_late = {"observed": 740, "reported": 729}
    with psycopg.connect(store_url) as connection:
        for customer in (billed, behind, without):
            for days in (750, 745, 735, 729):
                values = {"customer": customer.customer_id, "observed": days, "reported": days}
                connection.execute(SEATS, values)
            connection.execute(SEATS, reported_late | {"customer": customer.customer_id})
        seen = (
            "UPDATE customer_plan SET seats_observed_through = now() - make_interval(days => %s) WHERE customer_id = %s"
        )
        connection.execute(seen, [0, billed.customer_id])
        connection.execute(seen, [747, behind.customer_id])

    deleted = await pruned(company)

    kept = "SELECT members FROM seat_observation WHERE customer_id = %s"
    assert deleted["seat_observations"] == 2 + 1 + 2
    assert column(store_url, kept, billed.customer_id) == {"740", "735", "729"}, (
        "the newest old one, and what came late"
    )
    assert column(store_url, kept, behind.customer_id) == {"745", "740", "735", "729"}, "no step has seen 745 yet"
    assert column(store_url, kept, without.customer_id) == {"740", "735", "729"}


MEMBER = """
    INSERT INTO seat_member (org_id, customer_id, member_hash, since, until, is_guest)
    SELECT org_id, id, %s, now() - interval '9 years', now() - make_interval(days => %s), false
    FROM customer WHERE id = %s"""


async def test_who_left_a_seat_long_ago_goes_and_who_is_there_stays(company: Company, store_url: str) -> None:
    customer = await company.customer()
    with psycopg.connect(store_url) as connection:
        for name, days in (("left long ago", 731), ("left lately", 729), ("there", None)):
            connection.execute(MEMBER, [name, days, customer.customer_id])

    assert (await pruned(company))["seat_members"] == 1

    kept = "SELECT member_hash FROM seat_member WHERE customer_id = %s"
    assert column(store_url, kept, customer.customer_id) == {"left lately", "there"}


BATCH = """
    WITH batch AS (
        INSERT INTO plan_batch (org_id, key, command, plans, status, created_by, updated_at)
        VALUES (%(org)s, %(key)s, '{}', '{}', %(status)s, 'tester', now() - make_interval(days => %(days)s))
        RETURNING *)
    INSERT INTO plan_batch_item (org_id, plan_batch_id, position, plan_id, status, code)
    SELECT batch.org_id, batch.id, 1, plan.id, 'done', batch.key FROM batch JOIN customer_plan AS plan USING (org_id)"""


async def test_batches_of_plans_go_with_what_became_of_each_plan_unless_they_go_on(
    company: Company, store_url: str
) -> None:
    await company.bought(await company.customer())
    with psycopg.connect(store_url) as connection:
        for key, status, days in (
            ("finished", "finished", 731),
            ("canceled", "canceled", 731),
            ("never confirmed", "previewed", 731),
            ("still previewing", "previewing", 731),
            ("still running", "running", 731),
            ("finished lately", "finished", 729),
        ):
            connection.execute(BATCH, {"org": company.org_id, "key": key, "status": status, "days": days})

    deleted = await pruned(company)

    assert (deleted["plan_batches"], deleted["plan_batch_items"]) == (3, 3)
    for kept in ("SELECT key FROM plan_batch WHERE org_id = %s", "SELECT code FROM plan_batch_item WHERE org_id = %s"):
        assert column(store_url, kept, company.org_id) == {"still previewing", "still running", "finished lately"}


RUN = """
    WITH run AS (
        INSERT INTO reconciliation_run (org_id, workflow_run_id, repair, started_at)
        VALUES (%(org)s, gen_random_uuid()::text, false, now() - make_interval(days => %(days)s)) RETURNING *)
    INSERT INTO reconciliation_finding (org_id, run_id, kind, severity, subject_id, message)
    SELECT org_id, id, 'wrong_amount', 'critical', %(name)s, '' FROM run"""


async def test_runs_of_reconciliation_go_with_what_they_found_but_for_the_newest(
    company: Company, store_url: str
) -> None:
    kept = "SELECT subject_id FROM reconciliation_finding WHERE org_id = %s"
    for name, days in (("oldest", 800), ("older", 700), ("old", 366)):
        with psycopg.connect(store_url) as connection:
            connection.execute(RUN, {"org": company.org_id, "name": name, "days": days})

    assert (await pruned(company))["reconciliations"] == 2
    assert column(store_url, kept, company.org_id) == {"old"}, "the newest stays however old"

    with psycopg.connect(store_url) as connection:
        connection.execute(RUN, {"org": company.org_id, "name": "young", "days": 364})
    assert (await pruned(company))["findings"] == 1
    assert column(store_url, kept, company.org_id) == {"young"}


NOTICE = """
    INSERT INTO plan_notice (org_id, plan_id, occasion, due_at, at, data, created_at)
    SELECT org_id, id, 'invoice.upcoming', now() - make_interval(days => %(due)s), now(), '{}',
           now() - make_interval(days => %(told)s)
    FROM customer_plan WHERE org_id = %(org)s"""


async def test_that_a_customer_was_told_ahead_goes_once_that_is_long_past(company: Company, store_url: str) -> None:
    await company.bought(await company.customer())
    with psycopg.connect(store_url) as connection:
        for told, due in ((760, 735), (760, 729), (729, 731), (760, -5)):
            connection.execute(NOTICE, {"org": company.org_id, "told": told, "due": due})

    assert (await pruned(company))["notices"] == 1

    kept = "SELECT round(extract(epoch FROM now() - due_at) / 86400) FROM plan_notice WHERE org_id = %s"
    assert column(store_url, kept, company.org_id) == {"729", "731", "-5"}

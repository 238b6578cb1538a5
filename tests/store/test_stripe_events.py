"""Which of Stripe's events wait to be handled: not those that tell what we did ourselves."""

from datetime import UTC, datetime
from uuid import uuid4

from billflow.models.contracts.webhooks import StripeEvent
from billflow.store.session.database import Database
from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository
from tests.store.conftest import Company

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def event(kind: str, *, invoice_id: str | None) -> StripeEvent:
    return StripeEvent(
        event_id=f"evt_{uuid4().hex}",
        type=kind,
        org_id=None,
        invoice_id=invoice_id,
        plan_id=None,
        customer_id=None,
        stripe_object_id="in_1",
        created=NOW,
        livemode=False,
    )


async def test_that_an_invoice_of_ours_was_finalized_is_kept_and_not_waited_for(
    company: Company, database: Database
) -> None:
    events = PostgresStripeEventRepository(database)
    ours, others, paid = (
        event("invoice.finalized", invoice_id=str(uuid4())),
        event("invoice.finalized", invoice_id=None),
        event("invoice.paid", invoice_id=str(uuid4())),
    )

    stored = [await events.store_event(company.org_id, one, NOW) for one in (ours, others, paid, ours)]

    assert stored == [True, True, True, False]
    waiting = await events.unhandled_events(company.org_id, 10)
    assert [one.event_id for one in waiting] == [others.event_id, paid.event_id]

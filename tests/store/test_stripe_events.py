"""Which of Stripe's events wait to be handled: not those that report what we did ourselves and have recorded."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, Paid
from billflow.models.contracts.webhooks import StripeEvent
from billflow.models.tables import InvoiceRow
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

    assert [one.is_new for one in stored] == [True, True, True, False]
    assert [one.waits for one in stored] == [False, True, True, False]
    waiting = await events.unhandled_events(company.org_id, 10)
    assert [one.event_id for one in waiting] == [others.event_id, paid.event_id]


async def paid(company: Company, *, by_attempt: bool = True) -> InvoiceRef:
    """Return the renewal's invoice of a running plan, paid by an attempt to collect it, or by what Stripe reported."""
    plan = await company.bought(await company.customer())
    made = (await company.close(plan)).invoices[0]
    invoice = InvoiceRef(org_id=made.org_id, invoice_id=made.invoice_id)
    if by_attempt:
        await company.repositories.invoices.record_outcome(invoice, Paid(amount_paid=made.total), NOW)
    else:
        await company.repositories.invoices.record_closed(invoice, InvoiceStatus.PAID, NOW)
    return invoice


async def test_a_payment_that_an_attempt_of_ours_has_recorded_is_not_waited_for(
    company: Company, database: Database
) -> None:
    events, invoice = PostgresStripeEventRepository(database), await paid(company)
    reported = [event(kind, invoice_id=invoice.invoice_id) for kind in ("invoice.paid", "invoice.voided")]

    stored = [await events.store_event(company.org_id, one, NOW) for one in reported]

    assert [one.waits for one in stored] == [False, True]
    assert not await events.mark_known(company.org_id, reported[1], NOW)
    assert await events.unhandled_events(company.org_id, 10) == [reported[1]]


async def test_a_payment_that_was_recorded_after_its_event_came_needs_no_handling(
    company: Company, database: Database
) -> None:
    events = PostgresStripeEventRepository(database)
    plan = await company.bought(await company.customer())
    made = (await company.close(plan)).invoices[0]
    invoice = InvoiceRef(org_id=made.org_id, invoice_id=made.invoice_id)
    early = event("invoice.paid", invoice_id=invoice.invoice_id)

    assert (await events.store_event(company.org_id, early, NOW)).waits
    assert not await events.mark_known(company.org_id, early, NOW)
    await company.repositories.invoices.record_outcome(invoice, Paid(amount_paid=made.total), NOW)

    assert await events.mark_known(company.org_id, early, NOW)
    assert await events.unhandled_events(company.org_id, 10) == []


async def test_a_payment_is_passed_on_again_where_an_event_recorded_it(company: Company, database: Database) -> None:
    events, invoice = PostgresStripeEventRepository(database), await paid(company, by_attempt=False)

    assert (await events.store_event(company.org_id, event("invoice.paid", invoice_id=invoice.invoice_id), NOW)).waits


@pytest.mark.parametrize(
    "waiting",
    [
        "UPDATE customer_plan SET status = 'ended', ended_at = now() WHERE id = '{plan}'",
        "UPDATE customer_plan SET awaiting_invoice_id = '{invoice}' WHERE id = '{plan}'",
        "UPDATE customer_plan SET on_hold_since = now() WHERE id = '{plan}'",
        "UPDATE invoice SET customer_suspended_at = now() WHERE id = '{invoice}'",
    ],
)
async def test_a_payment_is_passed_on_where_something_waits_for_it(
    company: Company, database: Database, waiting: str
) -> None:
    events, invoice = PostgresStripeEventRepository(database), await paid(company)
    async with database.unit_of_work(company.org_id) as session:
        row = await session.get_one(InvoiceRow, UUID(invoice.invoice_id))
        await session.execute(text(waiting.format(plan=row.plan_id, invoice=row.id)))

    assert (await events.store_event(company.org_id, event("invoice.paid", invoice_id=invoice.invoice_id), NOW)).waits


async def test_an_event_whose_mark_is_no_id_of_ours_is_stored(company: Company, database: Database) -> None:
    events = PostgresStripeEventRepository(database)

    assert (await events.store_event(company.org_id, event("invoice.paid", invoice_id="in_of_others"), NOW)).waits

"""What the records remember of collecting an invoice: a paid invoice stays paid, each attempt is a row."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from billflow.domain.errors import NotFound
from billflow.domain.plan import InvoicingStatus
from billflow.models.contracts.invoices import (
    Closed,
    CollectionOutcome,
    Declined,
    InvoiceRef,
    InvoiceStatus,
    Issued,
    Open,
    Paid,
    Rejected,
    RequiresAction,
)
from billflow.models.contracts.plans import StepResult
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.tables import AuditLog, CustomerPlan, InvoiceRow, OutboxEvent, PaymentAttempt
from tests.store.conftest import BEGIN, Company, ref

DECLINED = Declined(code="card_declined", message="Your card was declined.")
HOUR = timedelta(hours=1)


@pytest.fixture
async def started(company: Company) -> StepResult:
    """Return a purchase whose invoice is still to be sent."""
    return await company.start(company.ask(await company.customer()))


@pytest.fixture
def invoice(started: StepResult) -> InvoiceRef:
    """Return that invoice."""
    return attempt(started, 1)


def attempt(started: StepResult, n: int) -> InvoiceRef:
    """Name an attempt to collect the purchase."""
    made = started.invoices[0]
    return InvoiceRef(org_id=made.org_id, invoice_id=made.invoice_id, attempt=n)


def issued(status: InvoiceStatus = InvoiceStatus.OPEN) -> Issued:
    """Return what Stripe says of an invoice it holds."""
    return Issued(stripe_invoice_id=f"in_{uuid4().hex}", status=status, number="A-0001", amount_due=800, amount_paid=0)


async def shown(company: Company, invoice: InvoiceRef) -> InvoiceDetail:
    """Return the invoice as it stands."""
    return await company.queries.invoices.get(invoice.org_id, invoice.invoice_id)


async def events(company: Company, started: StepResult) -> list[str]:
    """Return what the world was told of the plan's invoices."""
    timeline = await company.queries.plans.timeline(ref(started.state))
    return [entry.name for entry in timeline if entry.name.startswith("invoice.")]


async def test_the_moment_stripe_is_first_asked_is_kept(company: Company, invoice: InvoiceRef) -> None:
    first = await company.repositories.invoices.invoice_to_collect(invoice)
    assert first.sent_first_at is not None
    assert first.customer.stripe_customer_id is None
    assert [(line.n, line.amount) for line in first.lines] == [(1, first.total)]
    await company.repositories.invoices.record_stripe_customer(first.customer, f"cus_{invoice.invoice_id}")
    again = await company.repositories.invoices.invoice_to_collect(invoice)
    assert again.sent_first_at == first.sent_first_at
    assert again.customer.stripe_customer_id == f"cus_{invoice.invoice_id}"


async def test_a_stripe_customer_that_is_known_stays(company: Company, invoice: InvoiceRef) -> None:
    customer = (await company.repositories.invoices.invoice_to_collect(invoice)).customer
    for stripe_id in (f"cus_1{invoice.invoice_id}", f"cus_2{invoice.invoice_id}"):
        await company.repositories.invoices.record_stripe_customer(customer, stripe_id)
    known = (await company.repositories.invoices.invoice_to_collect(invoice)).customer.stripe_customer_id
    assert known == f"cus_1{invoice.invoice_id}"


async def test_an_issued_invoice_is_told_once_and_the_plan_is_done_sending(
    company: Company, started: StepResult, invoice: InvoiceRef
) -> None:
    assert started.state.invoicing_status is InvoicingStatus.SENDING
    effects = issued()
    for _ in range(2):
        await company.repositories.invoices.record_issued(invoice, effects)
    detail = await shown(company, invoice)
    assert (detail.status, detail.number, detail.amount_due) == (InvoiceStatus.OPEN, "A-0001", 800)
    assert await events(company, started) == ["invoice.created", "invoice.finalized"]
    state = await company.repositories.plans.get(ref(started.state))
    assert state.invoicing_status is InvoicingStatus.DONE


@pytest.mark.parametrize(
    "later", [DECLINED, Closed(), Open(), RequiresAction(), Rejected(code="x", message="x"), Paid(amount_paid=1)]
)
async def test_a_paid_invoice_stays_paid_whatever_is_reported_later(
    company: Company, started: StepResult, invoice: InvoiceRef, later: CollectionOutcome
) -> None:
    await company.repositories.invoices.record_outcome(invoice, Paid(amount_paid=800), BEGIN)
    paid = await shown(company, invoice)
    await company.repositories.invoices.record_outcome(attempt(started, 2), later, BEGIN + HOUR)
    await company.repositories.invoices.record_issued(invoice, issued())
    await company.repositories.invoices.record_collection_plan(invoice, BEGIN + HOUR)
    after = await shown(company, invoice)
    assert (after.status, after.paid_at, after.amount_paid) == (InvoiceStatus.PAID, BEGIN, 800)
    assert (after.last_outcome, after.next_attempt_at) == (paid.last_outcome, None)
    assert (await events(company, started)).count("invoice.paid") == 1


async def test_each_attempt_is_a_row_and_the_same_one_only_once(
    company: Company, started: StepResult, invoice: InvoiceRef
) -> None:
    await company.repositories.invoices.record_issued(invoice, issued())
    for n in (1, 1, 2):
        await company.repositories.invoices.record_outcome(attempt(started, n), DECLINED, BEGIN + n * HOUR)
    detail = await shown(company, invoice)
    assert [(row.n, row.at, row.outcome["kind"]) for row in detail.payment_attempts] == [
        (1, BEGIN + HOUR, "declined"),
        (2, BEGIN + 2 * HOUR, "declined"),
    ]
    assert (detail.status, detail.attempts) == (InvoiceStatus.OPEN, 2)
    assert (await events(company, started)).count("invoice.payment_failed") == 2


async def test_an_invoice_that_was_sent_is_open(company: Company, invoice: InvoiceRef) -> None:
    await company.repositories.invoices.record_outcome(invoice, Open(), BEGIN)
    assert (await shown(company, invoice)).status is InvoiceStatus.OPEN


async def test_an_invoice_closed_at_stripe_is_void_and_not_collected(company: Company, invoice: InvoiceRef) -> None:
    await company.repositories.invoices.record_outcome(invoice, Closed(), BEGIN)
    voided = await shown(company, invoice)
    assert (voided.status, voided.voided_at) == (InvoiceStatus.VOID, BEGIN)
    await company.repositories.invoices.record_collection_plan(invoice, BEGIN + HOUR)
    assert (await shown(company, invoice)).next_attempt_at is None
    assert (await company.repositories.invoices.invoice_to_collect(invoice)).sent_first_at is None


async def test_money_that_arrives_for_a_void_invoice_counts(company: Company, invoice: InvoiceRef) -> None:
    await company.repositories.invoices.record_outcome(invoice, Closed(), BEGIN)
    await company.repositories.invoices.record_outcome(invoice, Paid(amount_paid=800), BEGIN + HOUR)
    assert (await shown(company, invoice)).status is InvoiceStatus.PAID


async def test_of_many_reports_of_one_payment_one_is_recorded(
    company: Company, started: StepResult, invoice: InvoiceRef
) -> None:
    paid = Paid(amount_paid=800)
    await asyncio.gather(*(company.repositories.invoices.record_outcome(invoice, paid, BEGIN) for _ in range(8)))
    assert (await events(company, started)).count("invoice.paid") == 1
    assert len((await shown(company, invoice)).payment_attempts) == 1


async def test_the_next_attempt_is_kept(company: Company, invoice: InvoiceRef) -> None:
    await company.repositories.invoices.record_collection_plan(invoice, BEGIN + HOUR)
    assert (await shown(company, invoice)).next_attempt_at == BEGIN + HOUR


async def recorded(company: Company, outcome: CollectionOutcome, *, at_once: bool) -> list[object]:
    """Return what is left of collecting a purchase in rows, audit log and events, but ids."""
    started = await company.start(company.ask(await company.customer()))
    ref, held, invoices = attempt(started, 1), issued(), company.repositories.invoices
    if not at_once:
        await invoices.record_issued(ref, held)
    await invoices.record_outcome(ref, outcome, BEGIN + HOUR, held if at_once else None)
    async with company.database.unit_of_work(company.org_id) as session:
        row = await session.get_one(InvoiceRow, UUID(ref.invoice_id))
        plan = await session.get_one(CustomerPlan, row.plan_id)
        entries = select(AuditLog).where(AuditLog.subject_id == ref.invoice_id).order_by(AuditLog.sequence)
        told = select(OutboxEvent).where(OutboxEvent.invoice_id == row.id).order_by(OutboxEvent.sequence)
        tried = select(PaymentAttempt).where(PaymentAttempt.invoice_id == row.id)
        left = (
            row.status, row.number, row.amount_due, row.amount_paid, row.paid_at, row.attempts, row.last_outcome,
            row.balance_applied, row.attention, row.stripe_invoice_id == held.stripe_invoice_id, plan.invoicing_status,
        )  # fmt: skip
        return [
            left,
            *[(one.n, one.outcome, one.at) for one in await session.scalars(tried)],
            *[(one.action, one.actor, one.at, one.before, one.after) for one in await session.scalars(entries)],
            *[(one.detail or {}).get("number") for one in await session.scalars(entries)],
            *[(one.type, one.at, one.data | {"stripe_invoice_id": ""}) for one in await session.scalars(told)],
        ]


@pytest.mark.parametrize("outcome", [Paid(amount_paid=800), Open()], ids=["paid", "sent"])
async def test_what_is_recorded_at_once_is_what_two_transactions_record(
    company: Company, outcome: CollectionOutcome
) -> None:
    in_two, at_once = [await recorded(company, outcome, at_once=at_once) for at_once in (False, True)]

    assert at_once == in_two
    assert ("invoice.finalized", "system", BEGIN, None, None) in at_once


async def test_what_belongs_to_a_customer_that_was_given_up_is_not_recorded_with_the_outcome(
    company: Company, invoice: InvoiceRef
) -> None:
    invoices, given_up = company.repositories.invoices, f"cus_{invoice.invoice_id}"
    await invoices.record_stripe_customer((await invoices.invoice_to_collect(invoice)).customer, given_up)
    await invoices.replace_customer(invoice.org_id, given_up, BEGIN)

    held = issued().model_copy(update={"stripe_customer_id": given_up})
    await invoices.record_outcome(invoice, Open(), BEGIN, held)

    assert (await shown(company, invoice)).stripe_invoice_id is None


async def test_ten_who_send_an_invoice_for_the_first_time_find_one_moment(
    company: Company, invoice: InvoiceRef
) -> None:
    invoices = company.repositories.invoices
    found = await asyncio.gather(*(invoices.invoice_to_collect(invoice) for _ in range(10)))
    assert len({one.sent_first_at for one in found}) == 1


async def test_an_unknown_invoice_is_not_found(company: Company) -> None:
    unknown = InvoiceRef(org_id=company.org_id, invoice_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(NotFound):
        await company.repositories.invoices.invoice_to_collect(unknown)
    with pytest.raises(NotFound):
        await company.repositories.invoices.record_outcome(unknown, DECLINED, BEGIN)

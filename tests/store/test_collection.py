"""What the records remember of collecting an invoice: a paid invoice stays paid, each attempt is a row."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

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


async def test_an_unknown_invoice_is_not_found(company: Company) -> None:
    unknown = InvoiceRef(org_id=company.org_id, invoice_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(NotFound):
        await company.repositories.invoices.invoice_to_collect(unknown)
    with pytest.raises(NotFound):
        await company.repositories.invoices.record_outcome(unknown, DECLINED, BEGIN)

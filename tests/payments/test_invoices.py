"""An invoice of ours becomes exactly one finalized invoice at Stripe, with our amounts."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe

from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.payments import keys
from billflow.payments.gateway import StripeGateway
from billflow.payments.requests import MAX_LINES, invoice_params, line_params
from billflow.ports.payments import PaymentsRejected
from tests.payments.inputs import JANUARY, a_customer, an_invoice, invoices_of, known, lines


async def test_a_customer_is_made_once_and_known_again_by_its_metadata(gateway: StripeGateway) -> None:
    customer = a_customer()

    first = await gateway.ensure_customer(customer)

    assert await gateway.ensure_customer(customer) == first
    held = await gateway.client.v1.customers.retrieve_async(first)
    assert (held.name, held.email) == (customer.name, customer.email)
    assert keys.metadata_of(held) == {"billflow_org": "org-1", "billflow_customer": customer.customer_id}


async def test_two_customers_who_share_an_address_stay_two(gateway: StripeGateway) -> None:
    first = await known(gateway, email="shared@customers.example")
    second = await known(gateway, email="shared@customers.example")

    assert first.stripe_customer_id != second.stripe_customer_id


async def test_a_known_customer_costs_no_request(gateway: StripeGateway) -> None:
    assert await gateway.ensure_customer(a_customer(stripe_customer_id="cus_not_at_stripe")) == "cus_not_at_stripe"


async def test_an_invoice_carries_our_lines_terms_and_names(gateway: StripeGateway) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 8000, 1614, -2000)

    answer = await gateway.issue(invoice)

    held = await gateway.client.v1.invoices.retrieve_async(answer.stripe_invoice_id)
    assert (answer.status, answer.amount_due, answer.amount_paid) == (InvoiceStatus.OPEN, 7614, 0)
    assert (held.total, held.currency, held.auto_advance) == (7614, "usd", False)
    assert (held.number, held.hosted_invoice_url) == (answer.number, answer.hosted_invoice_url)
    assert (held.statement_descriptor, held.effective_at) == ("Cloud Standard", int(JANUARY.timestamp()))
    assert keys.metadata_of(held) == {
        "billflow_org": "org-1",
        "billflow_invoice": invoice.invoice_id,
        "billflow_plan": "plan-1",
        "billflow_customer": customer.customer_id,
    }
    assert [(line.amount, keys.metadata_of(line)) for line in held.lines.data] == [
        (8000, {"billflow_line": "line-1"}),
        (1614, {"billflow_line": "line-2"}),
        (-2000, {"billflow_line": "line-3"}),
    ]


async def test_an_invoice_to_be_sent_is_due_after_its_days(gateway: StripeGateway) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000, collection_method=CollectionMethod.SEND_INVOICE, days_until_due=30)

    answer = await gateway.issue(invoice)

    held = await gateway.client.v1.invoices.retrieve_async(answer.stripe_invoice_id)
    assert held.due_date == held.created + 30 * 86_400


async def test_an_invoice_of_the_future_is_dated_by_stripe(gateway: StripeGateway) -> None:
    invoice = an_invoice(await known(gateway), 5000, issued_at=datetime.now(UTC) + timedelta(days=400))

    answer = await gateway.issue(invoice)

    held = await gateway.client.v1.invoices.retrieve_async(answer.stripe_invoice_id)
    assert held.effective_at == held.status_transitions.finalized_at


async def test_several_seats_are_told_in_the_line(gateway: StripeGateway) -> None:
    line = lines(9600)[0].model_copy(update={"quantity": 12, "unit_amount": 800, "description": "Cloud Standard"})

    answer = await gateway.issue(an_invoice(await known(gateway), 9600, lines=(line,)))

    held = await gateway.client.v1.invoices.retrieve_async(answer.stripe_invoice_id)
    assert held.lines.data[0].description == "Cloud Standard (12 x USD 8)"


async def test_issuing_again_gives_the_same_invoice(gateway: StripeGateway, client: stripe.StripeClient) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000)

    first = await gateway.issue(invoice)

    assert await gateway.issue(invoice) == first
    assert len(await invoices_of(client, customer)) == 1


async def test_an_invoice_with_nothing_due_is_paid_at_once(gateway: StripeGateway) -> None:
    answer = await gateway.issue(an_invoice(await known(gateway), 8000, -8000))

    assert (answer.status, answer.amount_due, answer.amount_paid) == (InvoiceStatus.PAID, 0, 0)


async def test_a_negative_invoice_becomes_credit_for_the_next_one(gateway: StripeGateway) -> None:
    customer = await known(gateway)

    credit = await gateway.issue(an_invoice(customer, -1500))
    following = await gateway.issue(an_invoice(customer, 4000))

    assert (credit.status, credit.amount_due) == (InvoiceStatus.PAID, 0)
    assert (following.status, following.amount_due) == (InvoiceStatus.OPEN, 2500)


async def test_more_lines_than_stripe_takes_are_summed_up_to_the_cent(gateway: StripeGateway) -> None:
    amounts = [100 + n for n in range(MAX_LINES + 50)]

    answer = await gateway.issue(an_invoice(await known(gateway), *amounts))

    page = await gateway.client.v1.invoices.line_items.list_async(answer.stripe_invoice_id, {"limit": 100})
    held = [line async for line in page.auto_paging_iter()]
    assert (len(held), answer.amount_due) == (MAX_LINES, sum(amounts))
    assert "51 further items" in [line.description for line in held]


async def test_a_draft_with_a_strange_line_is_left_for_people(
    gateway: StripeGateway, client: stripe.StripeClient
) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000)
    assert customer.stripe_customer_id
    draft = await client.v1.invoices.create_async(
        {"customer": customer.stripe_customer_id, "currency": "usd", "metadata": keys.invoice_metadata(invoice)}
    )
    await client.v1.invoices.add_lines_async(draft.id, {"lines": [{"amount": 700, "description": "by hand"}]})

    with pytest.raises(PaymentsRejected) as refused:
        await gateway.issue(invoice.model_copy(update={"stripe_invoice_id": draft.id}))

    assert refused.value.code == "amount_mismatch"
    assert "5700 usd, ours over 5000 usd" in str(refused.value)
    assert (await client.v1.invoices.retrieve_async(draft.id)).status == "draft"


async def test_a_draft_that_has_some_of_its_lines_gets_the_others(
    gateway: StripeGateway, client: stripe.StripeClient
) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000, 700)
    draft = await client.v1.invoices.create_async(invoice_params(invoice, str(customer.stripe_customer_id)))
    await client.v1.invoices.add_lines_async(draft.id, {"lines": line_params(invoice)[:1]})

    answer = await gateway.issue(invoice.model_copy(update={"stripe_invoice_id": draft.id}))

    assert (answer.stripe_invoice_id, answer.status, answer.amount_due) == (draft.id, InvoiceStatus.OPEN, 5700)


async def test_a_customer_stripe_does_not_know_is_a_rejection(gateway: StripeGateway) -> None:
    with pytest.raises(PaymentsRejected) as refused:
        await gateway.issue(an_invoice(a_customer(stripe_customer_id="cus_missing"), 5000))

    assert refused.value.stripe_code == "resource_missing"

"""Collecting charges an invoice once and says what came of it as a value."""

import pytest
import stripe

from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import Closed, Declined, InvoiceStatus, Open, Paid, RequiresAction
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import CONFIRMING_CARD, DECLINING_CARD, Sandbox
from billflow.ports.payments import PaymentsRejected
from tests.payments.inputs import an_invoice, issued, known

TO_SEND = {"collection_method": CollectionMethod.SEND_INVOICE, "days_until_due": 30}


async def charges(client: stripe.StripeClient, stripe_customer_id: str | None) -> list[str]:
    assert stripe_customer_id
    page = await client.v1.charges.list_async({"customer": stripe_customer_id, "limit": 100})
    return [charge.status async for charge in page.auto_paging_iter()]


async def test_the_default_card_is_charged_once_however_often_asked(gateway: StripeGateway, sandbox: Sandbox) -> None:
    customer = await known(gateway)
    await sandbox.give_card(str(customer.stripe_customer_id))
    invoice = await issued(gateway, an_invoice(customer, 5000))

    outcomes = [await gateway.collect(invoice, attempt) for attempt in (1, 1, 2)]

    assert outcomes == [Paid(amount_paid=5000)] * 3
    assert await charges(gateway.client, customer.stripe_customer_id) == ["succeeded"]


async def test_a_decline_is_a_value_and_a_new_attempt_asks_the_bank_again(
    gateway: StripeGateway, sandbox: Sandbox
) -> None:
    customer = await known(gateway)
    await sandbox.give_card(str(customer.stripe_customer_id), DECLINING_CARD)
    invoice = await issued(gateway, an_invoice(customer, 5000))

    first = await gateway.collect(invoice, 1)
    await sandbox.give_card(str(customer.stripe_customer_id))

    assert first == Declined(code="generic_decline", message="Your card was declined.")
    assert await gateway.collect(invoice, 1) == first
    assert await gateway.collect(invoice, 2) == Paid(amount_paid=5000)
    assert sorted(await charges(gateway.client, customer.stripe_customer_id)) == ["failed", "succeeded"]


@pytest.mark.parametrize("card", [CONFIRMING_CARD, "pm_card_threeDSecure2Required"])
async def test_a_card_that_wants_the_customer_says_where_to_confirm(
    gateway: StripeGateway, sandbox: Sandbox, card: str
) -> None:
    customer = await known(gateway)
    await sandbox.give_card(str(customer.stripe_customer_id), card)
    invoice = an_invoice(customer, 5000)
    answer = await gateway.issue(invoice)

    outcome = await gateway.collect(invoice.model_copy(update={"stripe_invoice_id": answer.stripe_invoice_id}), 1)

    assert outcome == RequiresAction(hosted_invoice_url=answer.hosted_invoice_url)


async def test_without_a_card_nothing_can_be_charged(gateway: StripeGateway, sandbox: Sandbox) -> None:
    customer = await known(gateway)
    invoice = await issued(gateway, an_invoice(customer, 5000))

    outcome = await gateway.collect(invoice, 1)
    await sandbox.give_card(str(customer.stripe_customer_id))

    assert isinstance(outcome, Declined)
    assert outcome.code == "no_payment_method"
    assert await gateway.collect(invoice, 2) == Paid(amount_paid=5000)


async def test_a_debit_under_way_is_open_and_not_asked_for_twice(
    gateway: StripeGateway, client: stripe.StripeClient
) -> None:
    customer = await known(gateway, currency="EUR")
    stripe_id = str(customer.stripe_customer_id)
    method = await client.v1.payment_methods.create_async(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": "DE89370400440532013000"},
            "billing_details": {"name": "Customer", "email": "debit@customers.example"},
        }
    )
    await client.v1.payment_methods.attach_async(method.id, {"customer": stripe_id})
    await client.v1.customers.update_async(stripe_id, {"invoice_settings": {"default_payment_method": method.id}})
    invoice = await issued(gateway, an_invoice(customer, 5000))

    assert [await gateway.collect(invoice, attempt) for attempt in (1, 2)] == [Open(), Open()]
    assert await charges(client, stripe_id) == ["pending"]


async def test_an_invoice_to_be_sent_is_sent_and_stays_open(gateway: StripeGateway, sandbox: Sandbox) -> None:
    customer = await known(gateway)
    await sandbox.give_card(str(customer.stripe_customer_id))
    invoice = await issued(gateway, an_invoice(customer, 5000, **TO_SEND))

    assert [await gateway.collect(invoice, attempt) for attempt in (1, 1, 2)] == [Open()] * 3
    assert await charges(gateway.client, customer.stripe_customer_id) == []


async def test_an_invoice_that_was_paid_elsewhere_is_paid(gateway: StripeGateway, client: stripe.StripeClient) -> None:
    customer = await known(gateway)
    to_charge = await issued(gateway, an_invoice(customer, 5000))
    to_send = await issued(gateway, an_invoice(customer, 6000, **TO_SEND))
    for invoice in (to_charge, to_send):
        await client.v1.invoices.pay_async(str(invoice.stripe_invoice_id), {"paid_out_of_band": True})

    assert await gateway.collect(to_charge, 1) == Paid(amount_paid=5000)
    assert await gateway.collect(to_send, 1) == Paid(amount_paid=6000)


async def test_an_invoice_paid_by_credit_needs_no_card(gateway: StripeGateway) -> None:
    invoice = await issued(gateway, an_invoice(await known(gateway), 8000, -8000))

    assert await gateway.collect(invoice, 1) == Paid(amount_paid=0)


async def test_an_invoice_closed_at_stripe_is_not_charged(gateway: StripeGateway, sandbox: Sandbox) -> None:
    customer = await known(gateway)
    await sandbox.give_card(str(customer.stripe_customer_id))
    voided = await issued(gateway, an_invoice(customer, 5000))
    written_off = await issued(gateway, an_invoice(customer, 5000))
    await gateway.client.v1.invoices.void_invoice_async(str(voided.stripe_invoice_id))
    await gateway.client.v1.invoices.mark_uncollectible_async(str(written_off.stripe_invoice_id))

    assert await gateway.collect(voided, 1) == Closed()
    assert await gateway.collect(written_off, 2) == Closed()
    assert await gateway.collect(written_off.model_copy(update={"status": InvoiceStatus.UNCOLLECTIBLE}), 1) == Closed()
    assert await charges(gateway.client, customer.stripe_customer_id) == []


async def test_an_invoice_that_was_never_issued_cannot_be_collected(gateway: StripeGateway) -> None:
    with pytest.raises(PaymentsRejected) as refused:
        await gateway.collect(an_invoice(await known(gateway), 5000), 1)

    assert refused.value.code == "not_issued"

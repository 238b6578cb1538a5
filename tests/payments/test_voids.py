"""An invoice is taken back where it is not paid, and never silently where it is."""

import pytest

from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from billflow.ports.payments import PaymentsRejected
from tests.payments.inputs import an_invoice, issued, known


async def test_an_open_invoice_is_voided_and_void_stays_void(gateway: StripeGateway) -> None:
    invoice = await issued(gateway, an_invoice(await known(gateway), 5000))

    await gateway.void(invoice)
    await gateway.void(invoice)

    held = await gateway.client.v1.invoices.retrieve_async(str(invoice.stripe_invoice_id))
    assert held.status == "void"


async def test_a_paid_invoice_cannot_be_voided(gateway: StripeGateway, sandbox: Sandbox) -> None:
    customer = await known(gateway)
    await sandbox.give_card(str(customer.stripe_customer_id))
    invoice = await issued(gateway, an_invoice(customer, 5000))
    await gateway.collect(invoice, 1)

    with pytest.raises(PaymentsRejected) as refused:
        await gateway.void(invoice)

    assert refused.value.code == "invoice_paid"


async def test_voiding_what_never_reached_stripe_is_done(gateway: StripeGateway) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000)

    await gateway.void(invoice)
    await gateway.issue(invoice)
    await gateway.void(invoice)

    page = await gateway.client.v1.invoices.list_async({"customer": str(customer.stripe_customer_id)})
    assert [held.status for held in page.data] == ["void"]

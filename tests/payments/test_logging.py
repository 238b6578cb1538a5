"""Every call to Stripe leaves its request id in the log, and nothing of what it was about."""

import pytest
from structlog.testing import capture_logs

from billflow.payments import keys
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import DECLINING_CARD, Sandbox
from tests.payments.inputs import an_invoice, issued, known


async def test_each_call_is_logged_with_its_request_id(gateway: StripeGateway) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 5000)

    with capture_logs() as logs:
        await gateway.issue(invoice)
        await gateway.issue(invoice)

    name = invoice.invoice_id
    assert [(line["operation"], line["key"], line["replayed"]) for line in logs] == [
        ("invoice.create", keys.act("invoice.create", name).key, False),
        ("invoice.add_lines", keys.act("invoice.add_lines", name).key, False),
        ("invoice.finalize", keys.act("invoice.finalize", name).key, False),
        ("invoice.create", keys.act("invoice.create", name).key, True),
        ("invoice.list", None, False),
    ]
    assert all(line["request_id"].startswith("req_") for line in logs)


@pytest.mark.parametrize("card", [DECLINING_CARD, "pm_card_visa"])
async def test_no_name_and_no_address_is_logged(gateway: StripeGateway, sandbox: Sandbox, card: str) -> None:
    with capture_logs() as logs:
        customer = await known(gateway, name="Ada Lovelace", email="ada@customers.example")
        await sandbox.give_card(str(customer.stripe_customer_id), card)
        await gateway.collect(await issued(gateway, an_invoice(customer, 5000)), 1)

    assert logs
    assert "Ada" not in repr(logs)
    assert "ada@customers.example" not in repr(logs)

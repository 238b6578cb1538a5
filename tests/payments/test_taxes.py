"""What Stripe Tax needs is brought to Stripe, and an invoice that it can't tax is not issued until it can."""

from typing import Any

import pytest
import stripe

from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.tax_locations import TaxLocation
from billflow.payments.gateway import StripeGateway
from billflow.ports.payments import PaymentsRejected
from tests.payments.inputs import an_invoice, invoices_of, known

NOWHERE = TaxLocation(address=Address())
PARIS = TaxLocation(address=Address(street="1, rue de la Paix", city="Paris", country="FR"))
NET: dict[str, Any] = {"automatic_tax": True, "tax_known": False}


async def test_an_invoice_that_stripe_cannot_tax_waits_for_the_address(
    gateway: StripeGateway, client: stripe.StripeClient
) -> None:
    customer = await known(gateway)
    invoice = an_invoice(customer, 1000, 2000, tax_location=NOWHERE, **NET)
    for _ in range(2):
        with pytest.raises(PaymentsRejected, match="billing_address") as refused:
            await gateway.issue(invoice)
        assert refused.value.code == "tax_address_missing"
    [draft] = await invoices_of(client, customer)
    assert draft.status == "draft"

    issued = await gateway.issue(invoice.model_copy(update={"tax_location": PARIS}))
    assert (issued.stripe_invoice_id, issued.amount_due, issued.taxes is not None) == (draft.id, 3600, True)
    taxes = [one for of_line in (issued.taxes or {}).values() for one in of_line]
    assert [(one.base, one.tax, one.applied.percent, one.applied.jurisdiction) for one in taxes] == [
        (1000, 200, "20", "FR"),
        (2000, 400, "20", "FR"),
    ]
    assert set(issued.taxes or {}) == {line.line_id for line in invoice.lines}


async def test_numbers_and_exemption_follow_the_customer(gateway: StripeGateway, client: stripe.StripeClient) -> None:
    customer = await known(gateway)
    customer_id = customer.stripe_customer_id or ""
    tax_ids = client.v1.customers.tax_ids
    other = await tax_ids.create_async(customer_id, {"type": "fr_siret", "value": "83404833000012"})

    def asked(**location: Any) -> Any:
        return an_invoice(customer, 1000, tax_location=PARIS.model_copy(update=location), **NET)

    numbered = await gateway.issue(asked(tax_id_type="eu_vat", tax_id="FR83404833048"))
    assert [one.applied.category for of_line in (numbered.taxes or {}).values() for one in of_line] == [
        TaxCategory.REVERSE_CHARGE
    ]
    exempt = await gateway.issue(asked(is_exempt=True))
    assert [one.applied.category for of_line in (exempt.taxes or {}).values() for one in of_line] == [
        TaxCategory.EXEMPT
    ]
    assert [one.id for one in (await tax_ids.list_async(customer_id)).data] == [other.id]
    unknown = await gateway.issue(asked(tax_id_type="eu_vat", tax_id="nobody's"))
    assert unknown.amount_due == 1200

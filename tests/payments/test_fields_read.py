"""Of the answers to an invoice's requests nothing is parsed but what is read; all else of Stripe's comes whole."""

from typing import cast

import pytest
import stripe

from billflow.payments.invoice_requests import FIELDS, LINES, OF_MONEY, TAX, act, create

BY_BANK: stripe.params.InvoiceCreateParams = {"collection_method": "send_invoice", "days_until_due": 30}


async def draft(client: stripe.StripeClient) -> stripe.Invoice:
    customer = await client.v1.customers.create_async({"email": "cut@cut.example"})
    return await create(client, {"customer": customer.id, "currency": "usd", **BY_BANK}, {})


def answered(invoice: stripe.Invoice) -> set[str]:
    """Return the fields of an answer that got as far as Stripe's client."""
    assert isinstance(invoice.last_response, stripe.StripeResponse)
    return {*cast("dict[str, object]", invoice.last_response.data)}


async def test_stripes_client_gets_of_an_answer_what_is_read_of_it(client: stripe.StripeClient) -> None:
    made = await draft(client)
    line: stripe.params.InvoiceAddLinesParams = {"lines": [{"amount": 960, "description": "Licenses"}]}
    filled = await act(client, made.id, "add_lines", line, {})
    final = await act(client, made.id, "finalize", {}, {})
    sent = await act(client, made.id, "send", {}, {})

    assert answered(made) == {*FIELDS, TAX, LINES}
    assert answered(filled) == {*FIELDS, TAX}
    assert answered(final) == set(FIELDS)
    assert answered(sent) == set(OF_MONEY)
    assert (final.id, final.status, final.total) == (made.id, "open", 960)
    assert (await client.v1.invoices.retrieve_async(made.id)).collection_method == "send_invoice"


async def test_an_error_comes_whole(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await act(client, "in_nobodys", "finalize", {}, {})

    assert refused.value.code == "resource_missing"
    assert "in_nobodys" in str(refused.value)

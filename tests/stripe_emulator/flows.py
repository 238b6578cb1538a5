"""Short ways to the objects that many tests start from."""

from typing import Any

import pytest
import stripe


def customer_with(client: stripe.StripeClient, card: str = "pm_card_visa", **extra: Any) -> stripe.Customer:
    """Return a customer whose invoices are charged to this card."""
    params: Any = {"email": "ada@example.com", "name": "Ada", **extra}
    customer = client.v1.customers.create(params)
    method = client.v1.payment_methods.attach(card, {"customer": customer.id})
    return client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})


def draft(client: stripe.StripeClient, customer: str, *amounts: int, **extra: Any) -> stripe.Invoice:
    """Return a draft with a line per amount."""
    params: Any = {"customer": customer, **extra}
    invoice = client.v1.invoices.create(params)
    lines: Any = [{"amount": amount, "description": f"{amount} minor units"} for amount in amounts]
    return client.v1.invoices.add_lines(invoice.id, {"lines": lines}) if lines else invoice


def opened(client: stripe.StripeClient, customer: str, *amounts: int, **extra: Any) -> stripe.Invoice:
    """Return a final invoice with a line per amount."""
    return client.v1.invoices.finalize_invoice(draft(client, customer, *amounts, **extra).id)


def event_types(client: stripe.StripeClient) -> list[str]:
    """Return the types of the account's events, the oldest first."""
    return [str(event.type) for event in client.v1.events.list({"limit": 100}).data][::-1]


def rate(client: stripe.StripeClient, percentage: float, *, inclusive: bool = False, **extra: Any) -> str:
    """Return the id of a new tax rate."""
    params: Any = {"display_name": "VAT", "percentage": percentage, "inclusive": inclusive, **extra}
    return client.v1.tax_rates.create(params).id


def refusal(error: pytest.ExceptionInfo[stripe.InvalidRequestError]) -> tuple[int | None, str | None, str | None]:
    """Return status, code and parameter of a request that was refused."""
    return error.value.http_status, error.value.code, error.value.param


def taxes(line: stripe.InvoiceLineItem | stripe.CreditNoteLineItem) -> list[tuple[int, str, int | None]]:
    """Return amount, behavior and base of each tax of a line."""
    return [(tax.amount, tax.tax_behavior, tax.taxable_amount) for tax in line.taxes or []]


def sums(held: stripe.Invoice | stripe.CreditNote) -> tuple[int, list[int], int, int | None]:
    """Return subtotal, the tax of each rate, total, and total without tax."""
    return held.subtotal, [tax.amount for tax in held.total_taxes or []], held.total, held.total_excluding_tax

"""Customers and invoices as the records would ask for them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import stripe

from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import BilledCustomer, InvoiceLine, InvoiceStatus, InvoiceToCollect
from billflow.payments.gateway import StripeGateway

KEY = "sk_test_payments"
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)

_numbers = count(1)


def a_customer(**changes: Any) -> BilledCustomer:
    """Return a customer that Stripe does not know yet."""
    number = next(_numbers)
    fields = {
        "org_id": "org-1",
        "customer_id": f"customer-{number}",
        "name": f"Customer {number}",
        "email": f"billing-{number}@customers.example",
        "currency": "USD",
    }
    return BilledCustomer.model_validate(fields | changes)


def lines(*amounts: int) -> tuple[InvoiceLine, ...]:
    """Return one line for each amount, for January."""
    return tuple(
        InvoiceLine(
            n=n,
            line_id=f"line-{n}",
            description=f"Item {n}",
            quantity=1,
            unit_amount=amount,
            amount=amount,
            period_start=JANUARY,
            period_end=FEBRUARY,
        )
        for n, amount in enumerate(amounts, 1)
    )


def an_invoice(customer: BilledCustomer, *amounts: int, **changes: Any) -> InvoiceToCollect:
    """Return an invoice in its customer's currency that was first sent just now."""
    fields: dict[str, Any] = {
        "org_id": customer.org_id,
        "invoice_id": f"invoice-{next(_numbers)}",
        "plan_id": "plan-1",
        "kind": InvoiceKind.RECURRING,
        "customer": customer,
        "status": InvoiceStatus.DRAFT,
        "currency": customer.currency,
        "total": sum(amounts),
        "lines": lines(*amounts),
        "collection_method": CollectionMethod.CHARGE_AUTOMATICALLY,
        "statement_descriptor": "Cloud Standard",
        "issued_at": JANUARY,
        "sent_first_at": datetime.now(UTC),
    }
    return InvoiceToCollect.model_validate(fields | changes)


def later(invoice: InvoiceToCollect, hours: int) -> InvoiceToCollect:
    """Return the invoice as if it had been sent first so many hours ago."""
    assert invoice.sent_first_at
    return invoice.model_copy(update={"sent_first_at": invoice.sent_first_at - timedelta(hours=hours)})


async def known(gateway: StripeGateway, **changes: Any) -> BilledCustomer:
    """Return a customer that Stripe knows."""
    customer = a_customer(**changes)
    stripe_id = await gateway.ensure_customer(customer)
    return customer.model_copy(update={"stripe_customer_id": stripe_id})


async def issued(gateway: StripeGateway, invoice: InvoiceToCollect) -> InvoiceToCollect:
    """Issue the invoice and return it as the records know it then."""
    answer = await gateway.issue(invoice)
    return invoice.model_copy(update={"stripe_invoice_id": answer.stripe_invoice_id, "status": answer.status})


async def invoices_of(client: stripe.StripeClient, customer: BilledCustomer) -> list[stripe.Invoice]:
    """Return all that Stripe holds for the customer, newest first."""
    assert customer.stripe_customer_id
    page = await client.v1.invoices.list_async({"customer": customer.stripe_customer_id, "limit": 100})
    return [held async for held in page.auto_paging_iter()]

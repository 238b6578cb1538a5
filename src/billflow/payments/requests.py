"""What is sent to Stripe of a customer, an invoice and its lines; the same input always gives the same request."""

from datetime import datetime

from stripe.params import CustomerCreateParams, InvoiceAddLinesParamsLine, InvoiceCreateParams

from billflow.domain.currencies import format_amount
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import BilledCustomer, InvoiceLine, InvoiceToCollect
from billflow.payments import keys
from billflow.payments.amounts import lines_to_stripe
from billflow.payments.texts import fitted, statement_descriptor

MAX_LINES = 250
"""The most lines an invoice can have at Stripe."""


def customer_params(customer: BilledCustomer) -> CustomerCreateParams:
    """Return the request that makes a customer."""
    params: CustomerCreateParams = {
        "name": customer.name,
        "email": customer.email,
        "metadata": keys.customer_metadata(customer),
    }
    return fitted("customer.create", params)


def invoice_params(invoice: InvoiceToCollect, stripe_customer_id: str) -> InvoiceCreateParams:
    """Return the request that makes the draft: on its own, untouched by Stripe's automatisms and discounts."""
    params: InvoiceCreateParams = {
        "customer": stripe_customer_id,
        "currency": invoice.currency.lower(),
        "auto_advance": False,
        "pending_invoice_items_behavior": "exclude",
        "collection_method": invoice.collection_method.value,
        # Without it the invoice would inherit the discount of a customer edited by hand.
        "discounts": "",
        "metadata": keys.invoice_metadata(invoice),
    }
    if invoice.automatic_tax:
        params["automatic_tax"] = {"enabled": True}
    if invoice.sequence is not None and invoice.number is not None:
        params["number"] = invoice.number
    if invoice.collection_method is CollectionMethod.SEND_INVOICE and invoice.days_until_due is not None:
        params["days_until_due"] = invoice.days_until_due
    descriptor = statement_descriptor(invoice.statement_descriptor)
    if descriptor is not None:
        params["statement_descriptor"] = descriptor
    # Compared with the first sending and not with now, so that a repeated request stays the same.
    if invoice.sent_first_at is not None and invoice.issued_at <= invoice.sent_first_at:
        params["effective_at"] = _timestamp(invoice.issued_at)
    return fitted("invoice.create", params)


def line_params(invoice: InvoiceToCollect) -> list[InvoiceAddLinesParamsLine]:
    """Return the lines as Stripe is to show them, at most 250; what is beyond is summed up in the last one.

    Each carries its whole amount: Stripe takes no quantity beside an amount, and must not multiply in our place.
    """
    lines = invoice.lines if len(invoice.lines) <= MAX_LINES else _summed_up(invoice.lines)
    amounts = lines_to_stripe([line.amount for line in lines], invoice.currency)
    return [
        fitted("invoice.add_lines", {"lines": [_line(line, amount, invoice.currency)]})["lines"][0]
        for line, amount in zip(lines, amounts, strict=True)
    ]


def _line(line: InvoiceLine, amount: int, currency: str) -> InvoiceAddLinesParamsLine:
    return {
        "amount": amount,
        "description": _description(line, currency),
        "discountable": False,
        "period": {"start": _timestamp(line.period_start), "end": _timestamp(line.period_end)},
        "metadata": {keys.LINE: line.line_id},
    }


def _description(line: InvoiceLine, currency: str) -> str:
    if line.quantity == 1 or line.quantity * line.unit_amount != line.amount:
        return line.description
    return f"{line.description} ({line.quantity} x {format_amount(line.unit_amount, currency)})"


def _summed_up(lines: tuple[InvoiceLine, ...]) -> tuple[InvoiceLine, ...]:
    shown, rest = lines[: MAX_LINES - 1], lines[MAX_LINES - 1 :]
    total = sum(line.amount for line in rest)
    last = rest[0].model_copy(
        update={
            "description": f"{len(rest)} further items",
            "quantity": 1,
            "unit_amount": total,
            "amount": total,
            "period_start": min(line.period_start for line in rest),
            "period_end": max(line.period_end for line in rest),
        }
    )
    return (*shown, last)


def _timestamp(moment: datetime) -> int:
    return int(moment.timestamp())

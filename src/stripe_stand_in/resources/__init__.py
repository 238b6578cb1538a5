"""The operations of the contract, one module per resource; importing this package registers all of them."""

from stripe_stand_in.resources import (
    balance_transactions,
    charges,
    customers,
    events,
    invoice_items,
    invoice_lines,
    invoice_payments,
    invoice_render,
    invoice_states,
    invoices,
    payment_intents,
    payment_methods,
    webhook_endpoints,
)

__all__ = [
    "balance_transactions",
    "charges",
    "customers",
    "events",
    "invoice_items",
    "invoice_lines",
    "invoice_payments",
    "invoice_render",
    "invoice_states",
    "invoices",
    "payment_intents",
    "payment_methods",
    "webhook_endpoints",
]

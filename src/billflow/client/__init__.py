"""A client of billflow's HTTP API: typed, sync and async, safe to repeat.

from billflow.client import Client, customers

with Client("https://billing.example.com", "bf_test_…") as billflow:
    customer = billflow.do(customers.create("Acme", "billing@acme.example"))
"""

from billflow.client import catalog, commands, coupons, customers, events, invoices, plans, seats
from billflow.client.calls import Call
from billflow.client.clients import AsyncClient, Client
from billflow.client.errors import ApiError, ServerUnreachable
from billflow.models.contracts.responses import (
    CommandResponse,
    CustomerResponse,
    EventResponse,
    InvoiceResponse,
    PlanResponse,
    PlanStartResponse,
)

__all__ = [
    "ApiError",
    "AsyncClient",
    "Call",
    "Client",
    "CommandResponse",
    "CustomerResponse",
    "EventResponse",
    "InvoiceResponse",
    "PlanResponse",
    "PlanStartResponse",
    "ServerUnreachable",
    "catalog",
    "commands",
    "coupons",
    "customers",
    "events",
    "invoices",
    "plans",
    "seats",
]

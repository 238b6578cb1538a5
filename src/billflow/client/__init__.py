"""A client of billflow's HTTP API: typed, sync and async, safe to repeat.

from billflow.client import Client, customers

with Client("https://billing.example.com", "bf_test_…") as billflow:
    customer = billflow.do(customers.create("Acme", "billing@acme.example"))
    for other in billflow.each(customers.search()):
        print(other.id, other.name)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from billflow.client import (
        adjustments,
        audit,
        billing_accounts,
        business,
        catalog,
        channels,
        commands,
        contacts,
        coupons,
        customers,
        dunning_policy,
        events,
        ids,
        imports,
        invoices,
        journal,
        mails,
        notices,
        offers,
        parallel_runs,
        plan_batches,
        plans,
        portal,
        projects,
        reconciliation,
        seats,
        seller,
        sponsorship_requests,
        tax,
        test_clocks,
        webhook_endpoints,
    )
    from billflow.client.calls import Call
    from billflow.client.clients import AsyncClient, Client, Retries
    from billflow.client.errors import ApiError, ServerUnreachable
    from billflow.domain.errors import BillingError, InvalidInput, NeedsAttention, NotFound, Refused
    from billflow.errors import (
        BadRequest,
        BodyTooLarge,
        Forbidden,
        InternalError,
        MethodNotAllowed,
        PreconditionFailed,
        TooManyRequests,
        Unauthorized,
        Unavailable,
    )

__all__ = [
    "ApiError",
    "AsyncClient",
    "BadRequest",
    "BillingError",
    "BodyTooLarge",
    "Call",
    "Client",
    "Forbidden",
    "InternalError",
    "InvalidInput",
    "MethodNotAllowed",
    "NeedsAttention",
    "NotFound",
    "PreconditionFailed",
    "Refused",
    "Retries",
    "ServerUnreachable",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "adjustments",
    "audit",
    "billing_accounts",
    "business",
    "catalog",
    "channels",
    "commands",
    "contacts",
    "coupons",
    "customers",
    "dunning_policy",
    "events",
    "ids",
    "imports",
    "invoices",
    "journal",
    "mails",
    "notices",
    "offers",
    "parallel_runs",
    "plan_batches",
    "plans",
    "portal",
    "projects",
    "reconciliation",
    "seats",
    "seller",
    "sponsorship_requests",
    "tax",
    "test_clocks",
    "webhook_endpoints",
]

_HOMES = ("billflow.client.calls", "billflow.client.clients", "billflow.client.errors", "billflow.errors")


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is: reading an answer takes its contracts, and sending a call none of them."""
    if name not in __all__:
        raise AttributeError
    if name.islower():
        return import_module(f"{__name__}.{name}")
    return next(getattr(home, name) for home in map(import_module, _HOMES) if hasattr(home, name))

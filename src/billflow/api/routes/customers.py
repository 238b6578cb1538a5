"""Customers: who is billed."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from billflow.api.caller import CallerHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.views import Customers, CustomerShown
from billflow.models.contracts.customers import CustomerChange, CustomerRecord, CustomerStatus, NewCustomer
from billflow.models.contracts.records import CustomerFilter, Paging

router = APIRouter(prefix="/customers", tags=["customers"], route_class=CheckedRoute)


class CustomerAsked(NewCustomer):
    """A customer to create; without a `deployment` a cloud realm is made for it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Acme Corporation", "email": "admin@acmecorp.com"}]},
    )


class CustomerQuery(CustomerFilter, Paging):
    """Which customers to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")

    status: CustomerStatus | None = None
    email: str | None = Field(None, max_length=320)
    erp_customer_number: str | None = Field(None, max_length=100)
    q: str | None = Field(None, max_length=500, description="How the name begins.")


@router.post("", status_code=HTTPStatus.CREATED, response_model=CustomerShown)
async def create_customer(asked: CustomerAsked, services: ServicesHere, caller: CallerHere) -> CustomerRecord:
    """Create a customer with its deployment and its default billing account."""
    change = CustomerChange(actor=caller.actor, at=datetime.now(UTC), request_id=caller.request_id)
    return await services.registry.create_customer(caller.org_id, asked, change)


@router.get("")
async def list_customers(
    services: ServicesHere, caller: CallerHere, which: Annotated[CustomerQuery, Query()]
) -> Customers:
    """List customers, the newest first."""
    return Customers.of(await services.archive.customers(caller.org_id, which, which))


@router.get("/{customer_id}", response_model=CustomerShown)
async def show_customer(customer_id: str, services: ServicesHere, caller: CallerHere) -> CustomerRecord:
    """Show a customer with the account it pays from."""
    return await services.archive.customer(caller.org_id, customer_id)

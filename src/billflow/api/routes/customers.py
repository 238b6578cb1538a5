"""Customers: who is billed."""

from http import HTTPStatus
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field, model_validator

from billflow.api.changes import change_by, ref_of
from billflow.api.fields import RequestModel
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.views import CustomerList, CustomerResponse
from billflow.models.contracts.customer_resources import Slug
from billflow.models.contracts.customers import (
    CustomerChange,
    CustomerRecord,
    CustomerStatus,
    Deployment,
    DeploymentKind,
    Name,
    NewCustomer,
)
from billflow.models.contracts.records import CustomerFilter, Paging

router = APIRouter(prefix="/customers", tags=["customers"], route_class=CheckedRoute)


class RemoteRealmCreate(RequestModel):
    """An organization on a server of its own; `uuid` is what it reports itself as."""

    uuid: UUID
    host: Name

    def deployment(self) -> Deployment:
        """Return it as a deployment."""
        return Deployment(kind=DeploymentKind.REMOTE_REALM, name=self.host, uuid=self.uuid)


class RemoteServerCreate(RequestModel):
    """A whole server; `uuid` is what it reports itself as."""

    uuid: UUID
    hostname: Name

    def deployment(self) -> Deployment:
        """Return it as a deployment."""
        return Deployment(kind=DeploymentKind.REMOTE_SERVER, name=self.hostname, uuid=self.uuid)


class CustomerCreate(NewCustomer):
    """A customer to create, on one deployment at most; without any, a cloud realm is made for it.

    `realm` is a subdomain. `deployment` says the same in the form in which customers are shown.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "Acme Corporation", "email": "admin@acmecorp.com"},
                {
                    "name": "Muster GmbH",
                    "email": "einkauf@muster.de",
                    "realm": "muster",
                    "erp_customer_number": "4711",
                    "default_currency": "EUR",
                    "default_language": "de-DE",
                    "billing_address": {"street": "Musterstraße 1", "city": "München", "country": "DE"},
                },
            ]
        },
    )

    realm: Slug | None = None
    remote_realm: RemoteRealmCreate | None = None
    remote_server: RemoteServerCreate | None = None

    @model_validator(mode="after")
    def _on_one_deployment(self) -> Self:
        named = (self.deployment, self.realm, self.remote_realm, self.remote_server)
        if sum(one is not None for one in named) > 1:
            raise ValueError("a customer runs on one deployment; name one of realm, remote_realm and remote_server")
        return self

    def new(self) -> NewCustomer:
        """Return the customer to create, on the deployment that was named."""
        remote = self.remote_realm or self.remote_server
        deployment = remote.deployment() if remote else self.deployment
        if self.realm:
            deployment = Deployment(kind=DeploymentKind.REALM, name=self.realm)
        given = {name: getattr(self, name) for name in self.model_fields_set & set(NewCustomer.model_fields)}
        return NewCustomer(**{**given, "deployment": deployment})


class CustomerUpdate(CustomerChange):
    """What to change of a customer: what is left out stays, null takes away what may be missing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Acme Inc.", "erp_customer_number": None, "metadata": {"crm": "7"}}]},
    )


class CustomerQuery(CustomerFilter, Paging):
    """Which customers to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")

    status: CustomerStatus | None = None
    email: str | None = Field(None, max_length=320)
    erp_customer_number: str | None = Field(None, max_length=100)
    realm: str | None = Field(None, max_length=500, description="The subdomain it runs on.")
    remote_realm: UUID | None = None
    remote_server: UUID | None = None
    q: str | None = Field(None, max_length=500, description="How the name begins.")


@router.post("", status_code=HTTPStatus.CREATED, response_model=CustomerResponse)
async def create_customer(asked: CustomerCreate, services: ServicesHere, principal: PrincipalHere) -> CustomerRecord:
    """Create a customer with its deployment and its default billing account."""
    return await services.repositories.customers.create(principal.org_id, asked.new(), change_by(principal))


@router.get("")
async def list_customers(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[CustomerQuery, Query()]
) -> CustomerList:
    """List customers, the newest first."""
    return CustomerList.of(await services.queries.customers.search(principal.org_id, which, which))


@router.get("/{customer_id}", response_model=CustomerResponse)
async def show_customer(customer_id: str, services: ServicesHere, principal: PrincipalHere) -> CustomerRecord:
    """Show a customer with the account it pays from."""
    return await services.queries.customers.get(principal.org_id, customer_id)


@router.patch("/{customer_id}", response_model=CustomerResponse)
async def update_customer(
    customer_id: str, asked: CustomerUpdate, services: ServicesHere, principal: PrincipalHere
) -> CustomerRecord:
    """Change a customer; `metadata` is merged, an address is replaced whole."""
    return await services.repositories.customers.update(ref_of(principal, customer_id), asked, change_by(principal))


@router.delete("/{customer_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_customer(customer_id: str, services: ServicesHere, principal: PrincipalHere) -> None:
    """Take a customer out of use; refused with a live plan or an open invoice. What it was billed stays."""
    await services.repositories.customers.delete(ref_of(principal, customer_id), change_by(principal))

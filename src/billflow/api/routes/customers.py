"""Customers: who is billed."""

from http import HTTPStatus
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query
from pydantic import ConfigDict, model_validator

from billflow.api.as_of import PastMoment, known
from billflow.api.changes import ChangeHere, CustomerHere
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customer_resources import Slug
from billflow.models.contracts.customers import (
    CustomerRecord,
    CustomerUpdate,
    Deployment,
    DeploymentKind,
    Name,
    NewCustomer,
)
from billflow.models.contracts.records import CustomerFilter, Paging
from billflow.models.contracts.responses import CustomerList, CustomerResponse

router = api_router("customers", "/customers")


class RemoteRealmCreate(RequestModel):
    """An organization on a server of its own; `uuid` is what it reports itself as."""

    uuid: UUID
    host: Name


class RemoteServerCreate(RequestModel):
    """A whole server; `uuid` is what it reports itself as."""

    uuid: UUID
    hostname: Name


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
            message = "A customer runs on one deployment; name one of realm, remote_realm and remote_server."
            raise InvalidInput(message, field="deployment")
        return self

    def new(self) -> NewCustomer:
        """Return the customer to create, on the deployment that was named."""
        deployment, realm, server = self.deployment, self.remote_realm, self.remote_server
        if self.realm:
            deployment = Deployment(kind=DeploymentKind.REALM, name=self.realm)
        elif realm:
            deployment = Deployment(kind=DeploymentKind.REMOTE_REALM, name=realm.host, uuid=realm.uuid)
        elif server:
            deployment = Deployment(kind=DeploymentKind.REMOTE_SERVER, name=server.hostname, uuid=server.uuid)
        given = {name: getattr(self, name) for name in self.model_fields_set & set(NewCustomer.model_fields)}
        return NewCustomer(**{**given, "deployment": deployment})


class CustomerQuery(CustomerFilter, Paging):
    """Which customers to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")


@router.post("", status_code=HTTPStatus.CREATED, response_model=CustomerResponse)
async def create_customer(
    asked: CustomerCreate, services: ServicesHere, principal: PrincipalHere, change: ChangeHere
) -> CustomerRecord:
    """Create a customer with its deployment and its default billing account."""
    return await services.repositories.customers.create(principal.org_id, asked.new(), change)


@router.get("")
async def list_customers(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[CustomerQuery, Query()]
) -> CustomerList:
    """List customers, the newest first."""
    return CustomerList.of(await services.queries.customers.search(principal.org_id, which, which))


@router.get("/{customer_id}", response_model=CustomerResponse)
async def show_customer(customer: CustomerHere, services: ServicesHere, as_of: PastMoment = None) -> CustomerRecord:
    """Show a customer with the account it pays from."""
    return await known(services, as_of, lambda queries: queries.customers.get(customer.org_id, customer.customer_id))


@router.patch("/{customer_id}", response_model=CustomerResponse)
async def update_customer(
    customer: CustomerHere, asked: CustomerUpdate, services: ServicesHere, change: ChangeHere
) -> CustomerRecord:
    """Change a customer; `metadata` is merged, an address is replaced whole."""
    return await services.repositories.customers.update(customer, asked, change)


@router.delete("/{customer_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_customer(customer: CustomerHere, services: ServicesHere, change: ChangeHere) -> None:
    """Take a customer out of use; refused with a live plan or an open invoice. What it was billed stays."""
    await services.repositories.customers.delete(customer, change)

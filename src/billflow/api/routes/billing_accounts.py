"""How a customer pays: one default billing account, and others for its subsidiaries."""

from http import HTTPStatus
from operator import attrgetter

from fastapi import APIRouter
from pydantic import ConfigDict
from pydantic.config import JsonDict

from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import BillingAccountList, BillingAccountResponse
from billflow.api.fields import SliceHere
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_resources import AccountRecord, BillingAccountChange, NewBillingAccount

router = APIRouter(prefix="/customers/{customer_id}/billing-accounts", tags=["customers"], route_class=CheckedRoute)

_EXAMPLE: JsonDict = {"name": "Subsidiary", "currency": "EUR", "collection_method": "send_invoice"}


class BillingAccountCreate(NewBillingAccount):
    """A billing account, in the customer's currency unless one is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_EXAMPLE]},
    )


class BillingAccountUpdate(BillingAccountChange):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_default": True}]})


@router.get("")
async def list_billing_accounts(
    customer_id: str, services: ServicesHere, principal: PrincipalHere, part: SliceHere
) -> BillingAccountList:
    """List a customer's billing accounts, the default one first."""
    rows = await services.repositories.billing_accounts.list(ref_of(principal, customer_id))
    return BillingAccountList.of(part.of(rows, attrgetter("billing_account_id")))


@router.post("", status_code=HTTPStatus.CREATED, response_model=BillingAccountResponse)
async def add_billing_account(
    customer_id: str, asked: BillingAccountCreate, services: ServicesHere, principal: PrincipalHere
) -> AccountRecord:
    """Add a billing account; as the default one it pays for plans from now on."""
    return await services.repositories.billing_accounts.create(
        ref_of(principal, customer_id), asked, change_by(principal)
    )


@router.get("/{billing_account_id}", response_model=BillingAccountResponse)
async def show_billing_account(
    customer_id: str, billing_account_id: str, services: ServicesHere, principal: PrincipalHere
) -> AccountRecord:
    """Show a billing account."""
    return await services.repositories.billing_accounts.get(ref_of(principal, customer_id), billing_account_id)


@router.patch("/{billing_account_id}", response_model=BillingAccountResponse)
async def change_billing_account(
    customer_id: str,
    billing_account_id: str,
    asked: BillingAccountUpdate,
    services: ServicesHere,
    principal: PrincipalHere,
) -> AccountRecord:
    """Change a billing account; refused where none would be the default."""
    ref = ref_of(principal, customer_id)
    return await services.repositories.billing_accounts.update(ref, billing_account_id, asked, change_by(principal))


@router.delete("/{billing_account_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_billing_account(
    customer_id: str, billing_account_id: str, services: ServicesHere, principal: PrincipalHere
) -> None:
    """Remove a billing account that is neither the default one nor in use."""
    await services.repositories.billing_accounts.delete(
        ref_of(principal, customer_id), billing_account_id, change_by(principal)
    )

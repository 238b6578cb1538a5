"""How a customer pays: one default billing account, and others for its subsidiaries."""

from http import HTTPStatus

from billflow.api.changes import ChangeHere, CustomerHere
from billflow.api.fields import SliceHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_resources import AccountRecord, BillingAccountCreate, BillingAccountUpdate
from billflow.models.contracts.customer_responses import BillingAccountList, BillingAccountResponse

router = api_router("customers", "/customers/{customer_id}/billing-accounts")


@router.get("")
async def list_billing_accounts(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> BillingAccountList:
    """List a customer's billing accounts, the default one first."""
    rows = await services.repositories.billing_accounts.list(customer)
    return BillingAccountList.of(part.of(rows, "billing_account_id"))


@router.post("", status_code=HTTPStatus.CREATED, response_model=BillingAccountResponse)
async def add_billing_account(
    customer: CustomerHere, asked: BillingAccountCreate, services: ServicesHere, change: ChangeHere
) -> AccountRecord:
    """Add a billing account; as the default one it pays for plans from now on."""
    return await services.repositories.billing_accounts.create(customer, asked, change)


@router.get("/{billing_account_id}", response_model=BillingAccountResponse)
async def show_billing_account(
    customer: CustomerHere, billing_account_id: str, services: ServicesHere
) -> AccountRecord:
    """Show a billing account."""
    return await services.repositories.billing_accounts.get(customer, billing_account_id)


@router.patch("/{billing_account_id}", response_model=BillingAccountResponse)
async def change_billing_account(
    customer: CustomerHere,
    billing_account_id: str,
    asked: BillingAccountUpdate,
    services: ServicesHere,
    change: ChangeHere,
) -> AccountRecord:
    """Change a billing account; refused where none would be the default."""
    return await services.repositories.billing_accounts.update(customer, billing_account_id, asked, change)


@router.delete("/{billing_account_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_billing_account(
    customer: CustomerHere, billing_account_id: str, services: ServicesHere, change: ChangeHere
) -> None:
    """Remove a billing account that is neither the default one nor in use."""
    await services.repositories.billing_accounts.delete(customer, billing_account_id, change)

"""Calls about the accounts that a customer pays from."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.customer_resources import BillingAccountCreate, BillingAccountUpdate
from billflow.models.contracts.customer_responses import BillingAccountList, BillingAccountResponse


def search(customer_id: str, *, limit: int = 50, after: str | None = None) -> Call[BillingAccountList]:
    """List a customer's billing accounts, the default one first."""
    return get(_path(customer_id), BillingAccountList, limit=limit, after=after)


def add(customer_id: str, account: BillingAccountCreate, *, key: str | None = None) -> Call[BillingAccountResponse]:
    """Add a billing account; as the default one it pays for plans from now on."""
    return write("POST", _path(customer_id), BillingAccountResponse, account, key)


def show(customer_id: str, billing_account_id: str) -> Call[BillingAccountResponse]:
    """Show a billing account."""
    return get(_path(customer_id, billing_account_id), BillingAccountResponse)


def update(
    customer_id: str, billing_account_id: str, changes: BillingAccountUpdate, *, key: str | None = None
) -> Call[BillingAccountResponse]:
    """Change a billing account; what is left out stays."""
    return write("PATCH", _path(customer_id, billing_account_id), BillingAccountResponse, changes, key)


def remove(customer_id: str, billing_account_id: str, *, key: str | None = None) -> Call[None]:
    """Remove a billing account that is neither the default one nor in use."""
    return write("DELETE", _path(customer_id, billing_account_id), type(None), None, key)


def _path(customer_id: str, *billing_account_id: str) -> str:
    return "/".join(("/customers", customer_id, "billing-accounts", *billing_account_id))

"""Calls about customers."""

from datetime import datetime
from typing import Any

from billflow.client.calls import Call, get, write
from billflow.models.contracts.customers import CustomerStatus, NewCustomer
from billflow.models.contracts.responses import CustomerList, CustomerResponse, CustomerStatusResponse
from billflow.models.contracts.statements import StatementRecord

_PATH = "/customers"


def create(name: str, email: str, *, key: str | None = None, **given: Any) -> Call[CustomerResponse]:
    """Create a customer; *given* are further fields of `NewCustomer`. Raises `ValueError` for a bad one."""
    new = NewCustomer.model_validate({"name": name, "email": email, **given})
    return write("POST", _PATH, CustomerResponse, new, key)


def show(customer_id: str) -> Call[CustomerResponse]:
    """Show a customer."""
    return get(f"{_PATH}/{customer_id}", CustomerResponse)


def search(  # noqa: PLR0913  (each is one filter)
    *,
    status: CustomerStatus | None = None,
    email: str | None = None,
    erp_customer_number: str | None = None,
    q: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[CustomerList]:
    """List customers, the newest first; *q* is a part of the name or e-mail address."""
    wanted = {"status": status, "email": email, "erp_customer_number": erp_customer_number, "q": q}
    return get(_PATH, CustomerList, **wanted, limit=limit, after=after)


def update(customer_id: str, *, key: str | None = None, **changes: Any) -> Call[CustomerResponse]:
    """Change what *changes* name; null takes away what may be missing."""
    return write("PATCH", f"{_PATH}/{customer_id}", CustomerResponse, changes, key)


def statement(
    customer_id: str, *, since: datetime | None = None, until: datetime | None = None
) -> Call[StatementRecord]:
    """State a customer's account over `[since, until)`: from its beginning, or all so far, where one is not named."""
    return get(f"{_PATH}/{customer_id}/statement", StatementRecord, since=since, until=until)


def suspend(customer_id: str, reason: str | None = None, *, key: str | None = None) -> Call[CustomerStatusResponse]:
    """Suspend a customer: from now on nothing is charged."""
    return write("POST", f"{_PATH}/{customer_id}/suspend", CustomerStatusResponse, _why(reason), key)


def activate(customer_id: str, reason: str | None = None, *, key: str | None = None) -> Call[CustomerStatusResponse]:
    """Let a customer back in."""
    return write("POST", f"{_PATH}/{customer_id}/activate", CustomerStatusResponse, _why(reason), key)


def _why(reason: str | None) -> dict[str, str]:
    return {} if reason is None else {"reason": reason}

"""Calls about the people at a customer."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.customer_resources import ContactCreate, ContactUpdate
from billflow.models.contracts.responses import ContactList, ContactResponse


def search(customer_id: str, *, limit: int = 50, after: str | None = None) -> Call[ContactList]:
    """List a customer's contacts, the primary one first."""
    return get(_path(customer_id), ContactList, limit=limit, after=after)


def add(customer_id: str, contact: ContactCreate, *, key: str | None = None) -> Call[ContactResponse]:
    """Add a contact; made primary, it takes the place of the one before."""
    return write("POST", _path(customer_id), ContactResponse, contact, key)


def show(customer_id: str, contact_id: str) -> Call[ContactResponse]:
    """Show a contact."""
    return get(_path(customer_id, contact_id), ContactResponse)


def update(
    customer_id: str, contact_id: str, changes: ContactUpdate, *, key: str | None = None
) -> Call[ContactResponse]:
    """Change a contact; what is left out stays."""
    return write("PATCH", _path(customer_id, contact_id), ContactResponse, changes, key)


def remove(customer_id: str, contact_id: str, *, key: str | None = None) -> Call[None]:
    """Remove a contact."""
    return write("DELETE", _path(customer_id, contact_id), type(None), None, key)


def _path(customer_id: str, *contact_id: str) -> str:
    return "/".join(("/customers", customer_id, "contacts", *contact_id))

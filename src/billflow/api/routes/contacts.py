"""The people at a customer."""

from http import HTTPStatus

from billflow.api.changes import ChangeHere, CustomerHere
from billflow.api.fields import SliceHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_resources import ContactCreate, ContactUpdate
from billflow.models.contracts.customers import ContactRecord
from billflow.models.contracts.responses import ContactList, ContactResponse

router = api_router("customers", "/customers/{customer_id}/contacts")


@router.get("")
async def list_contacts(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> ContactList:
    """List a customer's contacts, the primary one first."""
    return ContactList.of(part.of(await services.repositories.contacts.list(customer), "contact_id"))


@router.post("", status_code=HTTPStatus.CREATED, response_model=ContactResponse)
async def add_contact(
    customer: CustomerHere, asked: ContactCreate, services: ServicesHere, change: ChangeHere
) -> ContactRecord:
    """Add a contact; made primary, it takes the place of the primary contact before in the same transaction."""
    return await services.repositories.contacts.create(customer, asked, change)


@router.get("/{contact_id}", response_model=ContactResponse)
async def show_contact(customer: CustomerHere, contact_id: str, services: ServicesHere) -> ContactRecord:
    """Show a contact."""
    return await services.repositories.contacts.get(customer, contact_id)


@router.patch("/{contact_id}", response_model=ContactResponse)
async def change_contact(
    customer: CustomerHere, contact_id: str, asked: ContactUpdate, services: ServicesHere, change: ChangeHere
) -> ContactRecord:
    """Change a contact; made primary, it takes the place of the primary contact before."""
    return await services.repositories.contacts.update(customer, contact_id, asked, change)


@router.delete("/{contact_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_contact(customer: CustomerHere, contact_id: str, services: ServicesHere, change: ChangeHere) -> None:
    """Remove a contact."""
    await services.repositories.contacts.delete(customer, contact_id, change)

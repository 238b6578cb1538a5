"""The people at a customer."""

from http import HTTPStatus
from operator import attrgetter

from fastapi import APIRouter
from pydantic import ConfigDict
from pydantic.config import JsonDict

from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import ContactList
from billflow.api.fields import SliceHere
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.views import ContactResponse
from billflow.models.contracts.customer_resources import ContactChange, NewContact
from billflow.models.contracts.customers import ContactRecord

router = APIRouter(prefix="/customers/{customer_id}/contacts", tags=["customers"], route_class=CheckedRoute)

_EXAMPLE: JsonDict = {"email": "einkauf@muster.de", "name": "Max Mustermann", "is_primary": True}


class ContactCreate(NewContact):
    """A person to write to; a primary one takes the place of the one before."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_EXAMPLE]},
    )


class ContactUpdate(ContactChange):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"is_primary": True}]})


@router.get("")
async def list_contacts(
    customer_id: str, services: ServicesHere, principal: PrincipalHere, part: SliceHere
) -> ContactList:
    """List a customer's contacts, the primary one first."""
    rows = await services.repositories.contacts.list(ref_of(principal, customer_id))
    return ContactList.of(part.of(rows, attrgetter("contact_id")))


@router.post("", status_code=HTTPStatus.CREATED, response_model=ContactResponse)
async def add_contact(
    customer_id: str, asked: ContactCreate, services: ServicesHere, principal: PrincipalHere
) -> ContactRecord:
    """Add a contact; made primary, it takes the place of the primary contact before in the same transaction."""
    return await services.repositories.contacts.create(ref_of(principal, customer_id), asked, change_by(principal))


@router.get("/{contact_id}", response_model=ContactResponse)
async def show_contact(
    customer_id: str, contact_id: str, services: ServicesHere, principal: PrincipalHere
) -> ContactRecord:
    """Show a contact."""
    return await services.repositories.contacts.get(ref_of(principal, customer_id), contact_id)


@router.patch("/{contact_id}", response_model=ContactResponse)
async def change_contact(
    customer_id: str, contact_id: str, asked: ContactUpdate, services: ServicesHere, principal: PrincipalHere
) -> ContactRecord:
    """Change a contact; made primary, it takes the place of the primary contact before."""
    ref = ref_of(principal, customer_id)
    return await services.repositories.contacts.update(ref, contact_id, asked, change_by(principal))


@router.delete("/{contact_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_contact(customer_id: str, contact_id: str, services: ServicesHere, principal: PrincipalHere) -> None:
    """Remove a contact."""
    await services.repositories.contacts.delete(ref_of(principal, customer_id), contact_id, change_by(principal))

"""Whom invoices go to: billing address, tax id, e-mail address, contacts, and the card that pays."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ValidationError

from billflow.domain.errors import BillingError
from billflow.errors import kind_of
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.customer_resources import BillingAccountUpdate, ContactCreate, ContactUpdate
from billflow.models.contracts.customer_settings import CustomerSettings
from billflow.models.contracts.customers import CustomerUpdate
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.taxpayers import check_taxpayer
from billflow.models.contracts.validation import field_refusal
from billflow.pages.confirmations import claim_of_content, given_key, new_key, once, with_key
from billflow.pages.forms import FormHere
from billflow.portal.security import PortalRoute
from billflow.portal.visits import PortalVisit, VisitHere

ADDRESS = tuple(Address.model_fields)
_SAVED = "/details?done=saved"

Model = TypeVar("Model", bound=BaseModel)

router = APIRouter(route_class=PortalRoute)


@router.get("/details")
async def show_details(visit: VisitHere, done: str = "") -> Response:
    """Show whom invoices go to, the contacts, and where the card is changed; the way to that with a key first."""
    if given_key(visit.request) is None:
        return with_key(visit.request)
    return _page(visit, _held(visit), done=done)


@router.post("/details")
async def change_details(visit: VisitHere, sent: FormHere) -> Response:
    """Change billing address, tax id and the address that invoices go to."""
    visit.check("change_details")
    values = {name: sent.get(name, "").strip() for name in _held(visit)}
    try:
        return await _saved_once(visit, sent, lambda: _change(visit, values))
    except BillingError as error:
        return _page(visit, values, problem=error)


@router.post("/contacts")
async def add_contact(visit: VisitHere, sent: FormHere) -> Response:
    """Add a person to write to."""
    return await _contact(visit, sent)


@router.post("/contacts/{contact_id}")
async def change_contact(visit: VisitHere, contact_id: str, sent: FormHere) -> Response:
    """Change a contact of the customer's: its name and address, or whether it is the primary one; or remove it."""
    return await _contact(visit, sent, contact_id)


@router.get("/card")
async def enter_card(visit: VisitHere) -> Response:
    """Go to a page of Stripe's where the customer enters a card, which then pays what is open.

    Stripe's pages are in no frame: from within one a link leads there, and from there back to the page around.
    """
    visit.check("change_card")
    around, saved = visit.session.return_url or visit.session.origin, f"{visit.services.portal_url}{_SAVED}"
    back = around if visit.in_frame and around else saved
    url = await visit.services.invoices.card_link(visit.ref.org_id, visit.ref.customer_id, back)
    return visit.page("card.html", url=url) if visit.in_frame else RedirectResponse(url, HTTPStatus.SEE_OTHER)


async def _contact(visit: PortalVisit, sent: Mapping[str, str], contact_id: str | None = None) -> Response:
    visit.check("change_contacts")
    try:
        return await _saved_once(visit, sent, lambda: _change_contact(visit, sent, contact_id))
    except BillingError as error:
        if kind_of(type(error)).http_status == HTTPStatus.NOT_FOUND:
            raise
        return _page(visit, _held(visit), problem=error)


async def _change_contact(visit: PortalVisit, sent: Mapping[str, str], contact_id: str | None) -> None:
    contacts, change = visit.services.repositories.contacts, visit.change()
    if contact_id is None:
        await contacts.create(visit.ref, _made(ContactCreate, _of_contact(sent)), change)
    elif sent.get("do") == "remove":
        await contacts.delete(visit.ref, contact_id, change)
    elif sent.get("do") == "make_primary":
        await contacts.update(visit.ref, contact_id, ContactUpdate(is_primary=True), change)
    else:
        await contacts.update(visit.ref, contact_id, _made(ContactUpdate, _of_contact(sent)), change)


async def _saved_once(visit: PortalVisit, sent: Mapping[str, str], save: Callable[[], Awaitable[None]]) -> Response:
    """Save what one of the page's forms has in it, once for each page that it was sent from, and go back there."""

    async def saved() -> Response:
        await save()
        return visit.redirect(_SAVED)

    idempotency, path = visit.services.repositories.idempotency, visit.request.url.path
    claim = claim_of_content(KeyNamespace.PORTAL, sent, visit.ref.customer_id, path)
    return await once(idempotency, visit.ref.org_id, claim, f"{visit.base}{_SAVED}", saved)


def _of_contact(sent: Mapping[str, str]) -> dict[str, Any]:
    return {"email": sent.get("email", ""), "name": sent.get("name", "").strip() or None}


def _made(kind: type[Model], values: Mapping[str, Any]) -> Model:
    """Return a request from what was sent; raises `InvalidInput` that names the field."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise field_refusal(first, ".".join(map(str, first["loc"])) or "form") from None


def _held(visit: PortalVisit) -> dict[str, str]:
    """Return what holds now, as it is written into the form."""
    address, company = visit.customer.billing_address or {}, visit.customer.settings.get("company") or {}
    held = {name: str(address.get(name) or "") for name in ADDRESS}
    invoice_email = visit.customer.billing_account.invoice_email or ""
    return {**held, "tax_id": str(company.get("tax_id") or ""), "invoice_email": invoice_email}


async def _change(visit: PortalVisit, values: Mapping[str, str]) -> None:
    """Write what differs; what is wrong of it is found before anything is written."""
    held, repositories, change = _held(visit), visit.services.repositories, visit.change()
    address = _made(Address, {name: values[name] for name in ADDRESS if values[name]}).model_dump(exclude_none=True)
    account = _made(BillingAccountUpdate, {"invoice_email": values["invoice_email"] or None})
    company = {"tax_id": values["tax_id"] or None}
    settings = _made(CustomerSettings, {"company": company})
    known = visit.customer.settings
    check_taxpayer(address or None, {**known, "company": {**(known.get("company") or {}), **company}})
    if values["tax_id"] != held["tax_id"]:
        # Address and tax id are held against each other, so the old id goes before the new address comes.
        await repositories.settings.merge(
            visit.ref, CustomerSettings.model_validate({"company": {"tax_id": None}}), change
        )
    if any(values[name] != held[name] for name in ADDRESS):
        update = CustomerUpdate.model_validate({"billing_address": address or None})
        await repositories.customers.update(visit.ref, update, change)
    if values["tax_id"] and values["tax_id"] != held["tax_id"]:
        await repositories.settings.merge(visit.ref, settings, change)
    if values["invoice_email"] != held["invoice_email"]:
        account_id = visit.customer.billing_account.billing_account_id
        await repositories.billing_accounts.update(visit.ref, account_id, account, change)


def _page(
    visit: PortalVisit, values: Mapping[str, str], *, problem: BillingError | None = None, done: str = ""
) -> Response:
    status = (kind_of(type(problem)).http_status or 500) if problem else HTTPStatus.OK
    key = given_key(visit.request) or new_key()
    return visit.page("details.html", status=status, values=values, problem=problem, done=done, key=key)

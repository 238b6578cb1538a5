"""The logo on invoices: uploaded, printed before that is confirmed, and taken away."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from billflow.api.changes import change_by
from billflow.api.routes.seller import checked_image
from billflow.console.actions import UNTOUCHED, Action, Preview, Shown, preview_of, reason_in
from billflow.console.operations import Editing, Operation, OperationForm, Values, claim_of, once, to
from billflow.console.pages import BASE
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.seller_operations import SellerForm, flat, newest_invoice, sample_of
from billflow.console.visits import AdminVisit, Visit
from billflow.domain.errors import BillingError, InvalidInput, NotFound
from billflow.errors import PreconditionFailed
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.documents import Logo
from billflow.pages.confirmations import SEEN, WHY, given_key, new_key
from billflow.pages.forms import file_of

_IMAGE = "image"
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_ACTION = Action(
    "Change the logo",
    "A PNG, or an SVG of shapes alone, which is printed on invoices that are issued from now on.",
    f"{BASE}/operate/seller/logo",
    "Catalogue and terms",
    f"{BASE}/operate/terms",
)

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/seller/logo")


class RemovalForm(RequestModel):
    """Print no logo on invoices that are issued from now on."""


async def _version(visit: Visit, _: str = "") -> Values:
    return {"version": str((await visit.services.repositories.sellers.get(visit.org_id)).version)}


async def _preview_removal(_: Visit, __: str, ___: RemovalForm) -> Preview:
    return preview_of(["Invoices that are issued from now on have none; those that are issued keep theirs."])


async def _remove(visit: Visit, _: str, __: RemovalForm, change: ChangeContext) -> Response:
    await visit.services.repositories.sellers.set_logo(visit.org_id, None, change)
    return to("/terms")


REMOVE_LOGO = Operation(
    "Remove the logo",
    "/seller/logo/remove",
    "/terms",
    RemovalForm,
    _preview_removal,
    _remove,
    editing=Editing(_version, "/api/v1/seller/logo"),
)


async def _page(visit: Visit, seen: str, image: str = "", media_type: str = "", shown: Shown = UNTOUCHED) -> Response:
    held = await visit.services.repositories.sellers.get(visit.org_id)
    return visit.page(
        "logo.html",
        status=shown.status,
        action=_ACTION,
        held=held.logo,
        image=image,
        media_type=media_type,
        has_sample=bool(image and await newest_invoice(visit)),
        seen=seen,
        shown=shown,
        key=given_key(visit.request) or new_key(),
        next_key=new_key(),
    )


async def _logo_in(sent: Mapping[str, str]) -> Logo:
    """Return the picture that a confirmation carries; raises `InvalidInput`."""
    try:
        image = b64decode(sent.get(_IMAGE, ""), validate=True)
    except ValueError:
        raise InvalidInput("The form has lost its picture; upload it anew.", field=_IMAGE) from None
    return await asyncio.to_thread(checked_image, image)


@router.get("")
async def show_logo(visit: AdminVisit) -> Response:
    """Show the logo that is printed, and the form for another."""
    return await _page(visit, (await _version(visit))["version"])


@router.get("/picture")
async def show_picture(visit: AdminVisit) -> Response:
    """Return the logo that is printed, as a picture."""
    logo = await visit.services.repositories.sellers.logo(visit.org_id)
    return Response(logo.content, media_type=logo.media_type, headers={"Content-Security-Policy": _PICTURE_POLICY})


@router.post("/check")
async def check_logo(visit: AdminVisit, sent: FormHere) -> Response:
    """Show a picture as it would be printed; nothing is written."""
    seen = sent.get(SEEN, "")
    try:
        logo = await asyncio.to_thread(checked_image, file_of(visit.request, "file"))
    except BillingError as error:
        return await _page(visit, seen, shown=Shown(problem=error))
    return await _page(visit, seen, b64encode(logo.content).decode(), logo.media_type, Shown(preview_of([])))


@router.post("/sample")
async def print_logo(visit: AdminVisit, sent: FormHere) -> Response:
    """Return the newest invoice with the picture, which the form's page shows inside it."""
    held = await visit.services.repositories.sellers.get(visit.org_id)
    if held.legal_name is None:
        raise NotFound("There is no seller yet; its logo comes after it.")
    return await sample_of(visit, SellerForm(**_given(flat(held))).document(), await _logo_in(sent))


@router.get("/remove")
async def show_remove_logo(visit: AdminVisit) -> Response:
    """Show what taking the logo away does."""
    return await OperationForm(visit, REMOVE_LOGO, "The logo").show()


@router.post("/remove")
async def remove_logo(visit: AdminVisit, sent: FormHere) -> Response:
    """Print no logo from now on."""
    return await OperationForm(visit, REMOVE_LOGO, "The logo").do(sent)


@router.post("")
async def apply_logo(visit: AdminVisit, sent: FormHere) -> Response:
    """Print the picture on invoices from now on, once for each form however often that is sent."""
    logo: Logo | None = None
    try:
        logo = await _logo_in(sent)
        claim, reason = claim_of("logo", "", sent), reason_in(sent)
        return await once(visit, claim, _ACTION.back, lambda: _applied(visit, sent, logo, reason))
    except BillingError as error:
        is_told = isinstance(error, PreconditionFailed)
        seen = (await _version(visit))["version"] if is_told else sent.get(SEEN, "")
        shown = Shown(problem=error, reason=sent.get(WHY, ""))
        image, media_type = (b64encode(logo.content).decode(), logo.media_type) if logo else ("", "")
        return await _page(visit, seen, image, media_type, shown)


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


async def _applied(visit: Visit, sent: Mapping[str, str], logo: Logo | None, reason: str) -> Response:
    services = visit.services
    async with services.guarding, services.repositories.idempotency.exclusive(visit.org_id, "/api/v1/seller/logo"):
        if sent.get(SEEN) != (await _version(visit))["version"]:
            raise PreconditionFailed(
                "Somebody else has changed the seller since you opened this. Your picture is still here; look at both, "
                "and confirm it again."
            )
        await services.repositories.sellers.set_logo(visit.org_id, logo, change_by(visit.principal, reason))
    return to("/terms")

"""Who sells, as invoices say."""

import asyncio
from base64 import b64encode
from typing import Annotated

from fastapi import Body, Response
from pydantic import Base64Bytes, ConfigDict, Field

from billflow.api.changes import AdminChange, change_by
from billflow.api.principal import AdminHere, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.documents import MOST_LOGO_BYTES, Logo
from billflow.models.contracts.seller import SellerApply, SellerResponse

router = api_router("seller", "/seller")


_EXAMPLE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'


class LogoUpload(RequestModel):
    """A picture: a PNG, or an SVG of shapes alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"image": b64encode(_EXAMPLE).decode()}]})

    image: Annotated[Base64Bytes, Field(description=f"The file in Base64, of at most {MOST_LOGO_BYTES // 1024} KiB.")]


@router.get("")
async def show_seller(services: ServicesHere, principal: PrincipalHere) -> SellerResponse:
    """Show who sells, and how far the series of invoice numbers are. Version 0 is before the first."""
    return await services.repositories.sellers.get(principal.org_id)


@router.put("")
async def apply_seller(
    asked: Annotated[SellerApply, Body()], services: ServicesHere, principal: AdminHere
) -> SellerResponse:
    """Issue invoices by this seller from now on; those that are issued stay as they are, and so does the logo."""
    change = change_by(principal, asked.reason)
    return await services.repositories.sellers.apply(principal.org_id, asked, change)


@router.get("/logo", response_class=Response, responses={200: {"content": {"image/png": {}, "image/svg+xml": {}}}})
async def show_logo(services: ServicesHere, principal: PrincipalHere) -> Response:
    """Return the logo that is printed on invoices."""
    logo = await services.repositories.sellers.logo(principal.org_id)
    return Response(logo.content, media_type=logo.media_type)


@router.put("/logo")
async def upload_logo(
    asked: Annotated[LogoUpload, Body()], services: ServicesHere, principal: AdminHere, change: AdminChange
) -> SellerResponse:
    """Print this logo on invoices that are issued from now on; refused is what runs or loads something."""
    logo = await asyncio.to_thread(checked_image, asked.image)
    return await services.repositories.sellers.set_logo(principal.org_id, logo, change)


@router.delete("/logo")
async def remove_logo(services: ServicesHere, principal: AdminHere, change: AdminChange) -> SellerResponse:
    """Print no logo on invoices that are issued from now on."""
    return await services.repositories.sellers.set_logo(principal.org_id, None, change)


def checked_image(image: bytes) -> Logo:
    """Return a logo; raises `InvalidInput`.

    What looks at pictures is a fifth of all that a process imports, and most look at none.
    """
    from billflow.documents.logo import checked_logo

    return checked_logo(image)

"""Coupons: what an organization hands out, and what its customers have of it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body

from billflow.api.changes import CustomerHere, SupportChange
from billflow.api.fields import PagingHere, SliceHere
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.coupons import (
    CouponAttach,
    CouponCreate,
    CouponList,
    CouponRecord,
    CouponResponse,
    RedemptionList,
    RedemptionRecord,
    RedemptionResponse,
)
from billflow.models.contracts.previews import PreviewResponse

router = api_router("coupons")

_CUSTOMERS = "/customers/{customer_id}/redemptions"


@router.post("/coupons", status_code=HTTPStatus.CREATED, response_model=CouponResponse)
async def create_coupon(
    asked: Annotated[CouponCreate, Body()], services: ServicesHere, principal: PrincipalHere, change: SupportChange
) -> CouponRecord:
    """Make a coupon; it is archived when it should end, and never changed otherwise."""
    return await services.repositories.coupons.create(principal.org_id, asked, change)


@router.get("/coupons")
async def list_coupons(services: ServicesHere, principal: PrincipalHere, paging: PagingHere) -> CouponList:
    """List coupons, the newest first."""
    return CouponList.of(await services.repositories.coupons.search(principal.org_id, paging))


@router.get("/coupons/{code}", response_model=CouponResponse)
async def show_coupon(code: str, services: ServicesHere, principal: PrincipalHere) -> CouponRecord:
    """Show a coupon, and how often it was redeemed."""
    return await services.repositories.coupons.get(principal.org_id, code)


@router.post("/coupons/{code}/archive", response_model=CouponResponse)
async def archive_coupon(
    code: str, services: ServicesHere, principal: PrincipalHere, change: SupportChange
) -> CouponRecord:
    """Let nobody redeem a coupon any more; who has it keeps it."""
    return await services.repositories.coupons.archive(principal.org_id, code, change)


@router.get(_CUSTOMERS)
async def list_redemptions(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> RedemptionList:
    """List the coupons that a customer has or had, the newest first."""
    return RedemptionList.of(part.of(await services.repositories.coupons.of_customer(customer), "redemption_id"))


@router.post(_CUSTOMERS, status_code=HTTPStatus.CREATED, response_model=RedemptionResponse)
async def attach_coupon(
    customer: CustomerHere, asked: CouponAttach, services: ServicesHere, change: SupportChange
) -> RedemptionRecord:
    """Give a customer a coupon, which discounts its cycles from the next one on."""
    return await services.repositories.coupons.attach(customer, asked, change)


@router.post(f"{_CUSTOMERS}/preview")
async def preview_coupon(
    customer: CustomerHere, asked: CouponAttach, services: ServicesHere, change: SupportChange
) -> PreviewResponse:
    """Say what attaching a coupon would do to the live plan's price and next invoice; nothing is written."""
    found = await services.pricing.preview_coupon(customer, asked.coupon, change)
    return PreviewResponse.of_terms(found.plan, found.discounts)


@router.delete(f"{_CUSTOMERS}/{{redemption_id}}", response_model=RedemptionResponse)
async def detach_coupon(
    customer: CustomerHere, redemption_id: str, services: ServicesHere, change: SupportChange
) -> RedemptionRecord:
    """Let a customer's coupon discount no further cycle; the running one keeps its discount."""
    return await services.repositories.coupons.detach(customer, change, redemption_id)

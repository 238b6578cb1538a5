"""Calls about coupons."""

from billflow.client.calls import Call, ask, get, given, write
from billflow.models.contracts.coupons import (
    CouponCreate,
    CouponList,
    CouponResponse,
    RedemptionList,
    RedemptionResponse,
)
from billflow.models.contracts.previews import PreviewResponse

_PATH = "/coupons"


def create(coupon: CouponCreate, *, key: str | None = None) -> Call[CouponResponse]:
    """Make a coupon; it is archived when it should end, and never changed otherwise."""
    return write("POST", _PATH, CouponResponse, coupon, key)


def search(*, limit: int = 50, after: str | None = None) -> Call[CouponList]:
    """List coupons, the newest first."""
    return get(_PATH, CouponList, limit=limit, after=after)


def show(code: str) -> Call[CouponResponse]:
    """Show a coupon, and how often it was redeemed."""
    return get(f"{_PATH}/{code}", CouponResponse)


def archive(code: str, *, key: str | None = None) -> Call[CouponResponse]:
    """Let nobody redeem a coupon any more; who has it keeps it."""
    return write("POST", f"{_PATH}/{code}/archive", CouponResponse, None, key)


def of_customer(customer_id: str, *, limit: int = 50, after: str | None = None) -> Call[RedemptionList]:
    """List the coupons that a customer has or had, the newest first."""
    return get(_customers(customer_id), RedemptionList, limit=limit, after=after)


def attach(
    customer_id: str, coupon: str, *, reason: str | None = None, key: str | None = None
) -> Call[RedemptionResponse]:
    """Give a customer a coupon, which discounts its cycles from the next one on."""
    return write("POST", _customers(customer_id), RedemptionResponse, given(coupon=coupon, reason=reason), key)


def preview(customer_id: str, coupon: str, *, reason: str | None = None) -> Call[PreviewResponse]:
    """Say what attaching a coupon would do to the live plan's price and next invoice."""
    return ask(f"{_customers(customer_id)}/preview", PreviewResponse, given(coupon=coupon, reason=reason))


def detach(customer_id: str, redemption_id: str, *, key: str | None = None) -> Call[RedemptionResponse]:
    """Let a customer's coupon discount no further cycle; the running one keeps its discount."""
    return write("DELETE", f"{_customers(customer_id)}/{redemption_id}", RedemptionResponse, None, key)


def _customers(customer_id: str) -> str:
    return f"/customers/{customer_id}/redemptions"

"""Coupons as they are made, attached and shown; amounts in minor units of the currency that they are named under."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

from billflow.domain.coupons import Coupon, CouponDuration, CouponEnd, percent_text
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.responses import ListResponse, ResourceResponse, left_out, shown_as

Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


def _by_currency(amounts: Any) -> Any:
    if not isinstance(amounts, Mapping):
        message = 'amount_off needs a currency; write {"USD": 500}, in minor units.'
        raise InvalidInput(message, code="amount_without_currency", field="amount_off")
    return amounts


def percent_from(text: Any) -> Any:
    """Return a percentage as a decimal number; raises `InvalidInput` for what is none."""
    try:
        percent = Decimal(str(text))
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite():
        raise InvalidInput(f"percent_off is {text!r}; write a number such as 12.5.", field="percent_off")
    return percent


def _percent(value: Any) -> Any:
    return percent_from(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else value


Percent = Annotated[Decimal, BeforeValidator(_percent), PlainSerializer(percent_text, return_type=str)]
Amounts = Annotated[dict[str, int], BeforeValidator(_by_currency)]


class CouponCreate(RequestModel):
    """A coupon to make: `percent_off` with two decimals at most, or `amount_off` by currency, for each cycle.

    It discounts one cycle (`once`), those of `duration_in_months` (`repeating`), or all (`forever`). Without `tiers` it
    is for all of them, without `max_redemptions` for any number of customers. `name` is what invoices call it.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"code": "SPRING25", "percent_off": "25", "duration": "repeating", "duration_in_months": 3},
                {"code": "WELCOME", "amount_off": {"USD": 5000, "EUR": 4500}, "first_purchase_only": True},
            ]
        }
    )

    code: Code
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None
    percent_off: Percent | None = None
    amount_off: Amounts = Field(default_factory=dict)
    duration: CouponDuration = CouponDuration.ONCE
    duration_in_months: int | None = None
    tiers: tuple[Annotated[str, Field(max_length=100)], ...] = ()
    expires_at: RequestMoment | None = None
    max_redemptions: int | None = None
    first_purchase_only: bool = False

    def coupon(self) -> Coupon:
        """Return what is to be made; raises `InvalidInput`."""
        return Coupon(**dict(self))


class CouponRecord(Contract):
    """A coupon as it stands."""

    org_id: str
    coupon_id: str
    code: str
    name: str | None
    percent_off: Percent | None
    amount_off: dict[str, int]
    duration: CouponDuration
    duration_in_months: int | None
    tiers: tuple[str, ...]
    expires_at: Moment | None
    max_redemptions: int | None
    first_purchase_only: bool
    times_redeemed: int
    archived_at: Moment | None
    created_at: Moment


class CouponAttach(RequestModel):
    """Which coupon a customer is given, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"coupon": "SORRY10", "reason": "outage of 2026-03-01"}]})

    coupon: Code
    reason: Reason | None = None


class RedemptionRecord(Contract):
    """A coupon that a customer has or had: since when, by whom and why, and how many months of it are left.

    `months_left` is empty for one that is for ever; `end_reason` tells why it discounts no further cycle.
    """

    redemption_id: str
    customer_id: str
    code: str
    name: str | None
    percent_off: Percent | None
    amount_off: dict[str, int]
    tiers: tuple[str, ...]
    months_left: int | None
    at: Moment
    actor: str
    reason: str | None
    ended_at: Moment | None
    end_reason: CouponEnd | None


class CouponResponse(ResourceResponse, CouponRecord):
    """A coupon; `archived_at` and `expires_at` say when nobody may redeem it any more."""

    org_id: str = left_out()
    coupon_id: str = shown_as("id", "coupon_id")


class CouponList(ListResponse):
    """Coupons, the newest first."""

    rows: list[CouponResponse] = shown_as("coupons", "rows")


class RedemptionResponse(ResourceResponse, RedemptionRecord):
    """A coupon that a customer has or had; without `ended_at` it discounts the next cycle."""

    redemption_id: str = shown_as("id", "redemption_id")


class RedemptionList(ListResponse):
    """The coupons that a customer has or had, the newest first."""

    rows: list[RedemptionResponse] = shown_as("redemptions", "rows")

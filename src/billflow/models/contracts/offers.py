"""Offers as they are made, shown and accepted; amounts in minor units of `currency`."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from billflow.domain.money import MAX_PRICE
from billflow.domain.offers import OfferTerms
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.seats import MAX_LICENSES
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.customers import OfferStatus
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.plans import StartPlanResult
from billflow.models.contracts.responses import (
    ListResponse,
    PlanResponse,
    ResourceResponse,
    ResponseModel,
    left_out,
    shown_as,
)

Price = Annotated[int, Field(ge=1, le=MAX_PRICE)]


class OfferedTerms(Contract):
    """What an offer may change while it is open: its prices, how it is paid, and until when it holds."""

    fixed_price: Price | None = None
    monthly_discounted_price: Price | None = None
    annual_discounted_price: Price | None = None
    minimum_licenses: Annotated[int, Field(ge=1, le=MAX_LICENSES)] | None = None
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    days_until_due: Annotated[int, Field(ge=0, le=365)] | None = None
    expires_at: RequestMoment | None = None


class OfferCreate(OfferedTerms):
    """An offer to make: a yearly `fixed_price`, or prices per license, in minor units of the customer's currency.

    With `sent_invoice_id`, an open invoice that support has sent at Stripe, the plan starts, annual and paid by
    invoice, when that is paid.
    """

    model_config = ConfigDict(extra="forbid")

    tier: Annotated[str, Field(max_length=100)]
    sent_invoice_id: Annotated[str, Field(pattern=r"^in_[A-Za-z0-9_]+$", max_length=255)] | None = None

    def terms(self, currency: str) -> OfferTerms:
        """Return what is offered, in the customer's *currency*; raises `InvalidInput`."""
        return OfferTerms(currency=currency, **self.model_dump(exclude={"collection_method", "sent_invoice_id"}))


class OfferUpdate(OfferedTerms):
    """What to change of an open offer; its tier stays, and what is left out; null takes a value away."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"fixed_price": 1100000, "expires_at": "2199-03-31T00:00:00Z"}]}
    )


class OfferRecord(OfferCreate):
    """An offer as it stands; `closed_at` is when it was accepted, withdrawn or found expired."""

    model_config = ConfigDict(extra="ignore")

    org_id: str
    offer_id: str
    customer_id: str
    status: OfferStatus
    currency: str
    closed_at: Moment | None
    created_at: Moment


class OfferAcceptanceCreate(RequestModel):
    """How the customer takes the offer; licenses matter only where the offer is a price per license.

    Without `collection_method` it pays as the offer says.
    """

    schedule: Schedule = Schedule.ANNUAL
    licenses: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod | None = None
    test_clock_id: str | None = Field(None, max_length=100)


class Acceptance(OfferAcceptanceCreate):
    """What the customer chooses in accepting; the same `key` accepts once."""

    key: NamespacedKey


class CreatedOffer(Contract):
    """An offer that was made, and the purchase that waits for its invoice where support had sent one."""

    offer: OfferRecord
    started: StartPlanResult | None = None


class OfferResponse(ResourceResponse, OfferRecord):
    """An offer; amounts in minor units of `currency`."""

    org_id: str = left_out()
    offer_id: str = shown_as("id", "offer_id")


class OfferList(ListResponse):
    """What a customer was offered, the newest first."""

    rows: list[OfferResponse] = shown_as("offers", "rows")


class CreatedOfferResponse(ResponseModel):
    """An offer that was made, and the plan that waits for its invoice where support had sent one."""

    offer: OfferResponse
    plan: PlanResponse | None = None

    @classmethod
    def of_made(cls, made: CreatedOffer) -> Self:
        """Return an offer that was made."""
        return cls.of({"offer": made.offer, "plan": made.started.state if made.started else None})

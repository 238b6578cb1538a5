"""Calls about prices that are prepared for one customer."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.offers import (
    CreatedOfferResponse,
    OfferAcceptanceCreate,
    OfferCreate,
    OfferList,
    OfferResponse,
    OfferUpdate,
)
from billflow.models.contracts.responses import PlanStartResponse


def search(customer_id: str, *, limit: int = 50, after: str | None = None) -> Call[OfferList]:
    """List what a customer was offered, the newest first."""
    return get(_path(customer_id), OfferList, limit=limit, after=after)


def create(customer_id: str, offer: OfferCreate, *, key: str | None = None) -> Call[CreatedOfferResponse]:
    """Make an offer; there is one open offer for each customer and tier."""
    return write("POST", _path(customer_id), CreatedOfferResponse, offer, key)


def show(customer_id: str, offer_id: str) -> Call[OfferResponse]:
    """Show an offer as it stands."""
    return get(_path(customer_id, offer_id), OfferResponse)


def find(offer_id: str) -> Call[OfferResponse]:
    """Show an offer, whichever customer it was made to."""
    return get(f"/offers/{offer_id}", OfferResponse)


def update(customer_id: str, offer_id: str, changes: OfferUpdate, *, key: str | None = None) -> Call[OfferResponse]:
    """Change an open offer; what is left out stays, None takes a value away."""
    return write("PATCH", _path(customer_id, offer_id), OfferResponse, changes, key)


def withdraw(customer_id: str, offer_id: str, *, key: str | None = None) -> Call[OfferResponse]:
    """Take an offer back; a purchase of it that is not paid yet ends."""
    return write("DELETE", _path(customer_id, offer_id), OfferResponse, None, key)


def accept(
    customer_id: str, offer_id: str, choice: OfferAcceptanceCreate, *, key: str | None = None
) -> Call[PlanStartResponse]:
    """Accept an offer for its customer: the plan starts at its price."""
    return write("POST", _path(customer_id, offer_id, "accept"), PlanStartResponse, choice, key)


def _path(customer_id: str, *rest: str) -> str:
    return "/".join(("/customers", customer_id, "offers", *rest))

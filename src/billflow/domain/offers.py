"""Terms that support prepares for one customer and tier: a yearly fixed price, or prices per license (rules 13, 14)."""

from dataclasses import dataclass, replace
from datetime import datetime

from billflow.domain.catalog import Catalog, Hosting, Tier
from billflow.domain.currencies import in_steps
from billflow.domain.customer import CustomerTerms
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.moments import checked_moment
from billflow.domain.money import check_price
from billflow.domain.plan import Schedule
from billflow.domain.seats import checked_licenses

_PRICES = ("fixed_price", "monthly_discounted_price", "annual_discounted_price")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """What is offered; amounts in minor units of `currency`. It can be accepted before `expires_at`.

    Either `fixed_price` is set, for a year whatever the seats, or at least one price per license.
    """

    tier: str
    currency: str
    fixed_price: int | None = None
    monthly_discounted_price: int | None = None
    annual_discounted_price: int | None = None
    minimum_licenses: int | None = None
    days_until_due: int | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        for field in _PRICES:
            check_price(getattr(self, field), field, least=1)
        per_license = self.monthly_discounted_price or self.annual_discounted_price
        if (self.fixed_price is None) == (per_license is None):
            raise InvalidInput(
                "An offer has either a fixed_price, or a price per license for a month, a year or both.",
                code="offer_needs_one_kind_of_price",
                field="fixed_price",
            )
        if self.expires_at is not None:
            checked_moment(self.expires_at, "expires_at")
        if self.minimum_licenses is not None:
            checked_licenses(self.minimum_licenses, "minimum_licenses")

    def is_over(self, at: datetime) -> bool:
        """Tell whether the offer has expired by *at*."""
        return self.expires_at is not None and self.expires_at <= at


def check_offer(offer: OfferTerms, catalog: Catalog, hosting: Hosting, at: datetime) -> None:
    """Refuse an offer that this customer could never accept; raises `InvalidInput` or `Refused`."""
    tier = catalog.tier(offer.tier)
    tier.check_sold_for(hosting)
    tier.check_billable("tier", "offer a tier that is")
    for field in _PRICES:
        in_steps(getattr(offer, field) or 0, offer.currency, field)
    if offer.fixed_price is None:
        _check_listed(tier, offer)
    elif offer.minimum_licenses is not None:
        raise InvalidInput(
            "A fixed price holds for any number of licenses; leave minimum_licenses out.", field="minimum_licenses"
        )
    if offer.is_over(at):
        raise InvalidInput("expires_at must lie in the future.", code="offer_expired", field="expires_at")


def _check_listed(tier: Tier, offer: OfferTerms) -> None:
    """Refuse a price per license where the tier has no list price that it stands for."""
    offered = {Schedule.MONTHLY: offer.monthly_discounted_price, Schedule.ANNUAL: offer.annual_discounted_price}
    for schedule, price in offered.items():
        if price is not None:
            tier.price(schedule, offer.currency)


def check_accepted(offer: OfferTerms, tier: str, at: datetime, fixed_price: int | None = None) -> None:
    """Refuse an offer that is over by *at*, or is for another tier or *fixed_price*; raises `Refused`."""
    if offer.is_over(at):
        raise Refused("The offer has expired; ask for a new one.", code="offer_expired", field="offer_id")
    if tier != offer.tier or fixed_price not in (None, offer.fixed_price):
        raise Refused("The offer's terms are others.", code="offer_terms_differ", field="offer_id")


def agreed(offer: OfferTerms, customer: CustomerTerms) -> CustomerTerms:
    """Return the customer's terms once it accepts: prices per license are bound to the tier, flat months are gone.

    A fixed price belongs to the plan and leaves the customer's terms alone (rules 14).
    """
    if offer.fixed_price is not None:
        return customer
    return replace(
        customer,
        required_plan_tier=offer.tier,
        monthly_discounted_price=offer.monthly_discounted_price or 0,
        annual_discounted_price=offer.annual_discounted_price or 0,
        minimum_licenses=offer.minimum_licenses or customer.minimum_licenses,
        flat_discounted_months=0,
    )

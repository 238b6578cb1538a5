"""What activities need of the world, without naming who provides it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billflow.models.contracts.customers import (
    ChangeContext,
    ClockRecord,
    CustomerPricing,
    CustomerRecord,
    NewCustomer,
    SeatReport,
)
from billflow.models.contracts.offers import NewOffer, OfferChange, OfferRecord
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import Page, Paging


class Registry(Protocol):
    """Organizations, customers, seats and test clocks: the writes that need no plan, each one transaction."""

    async def create_org(self, slug: str, name: str | None = None) -> str:
        """Make sure the organization exists, and return its id."""
        ...

    async def create_customer(self, org_id: str, new: NewCustomer, change: ChangeContext) -> CustomerRecord:
        """Create a customer with its deployment and default billing account.

        Raises `Refused` where its e-mail, ERP number or deployment belongs to another customer.
        """
        ...

    async def set_pricing(
        self, org_id: str, customer_id: str, pricing: CustomerPricing, change: ChangeContext
    ) -> CustomerRecord:
        """Agree on prices with a customer; plans that run keep theirs. Raises `NotFound`."""
        ...

    async def report_seats(self, org_id: str, customer_id: str, reports: Sequence[SeatReport]) -> int:
        """Keep what a deployment reported, and return how many moments were new; the first report of one counts."""
        ...

    async def suspend(self, org_id: str, customer_id: str, change: ChangeContext) -> CustomerRecord:
        """Stop all charges from `change.at` on; suspended already stays as it is. Raises `NotFound` or `Refused`."""
        ...

    async def activate(self, org_id: str, customer_id: str, change: ChangeContext) -> CustomerRecord:
        """Let the customer back in; its live plans stay unbilled until each took the step that resumes it."""
        ...

    async def deactivate(self, org_id: str, customer_id: str, change: ChangeContext) -> CustomerRecord:
        """Close the account. Raises `Refused` while a plan is live or being bought."""
        ...

    async def create_clock(self, org_id: str, now_at: datetime, name: str = "") -> ClockRecord:
        """Create a test clock that stands at *now_at*."""
        ...

    async def clock(self, org_id: str, clock_id: str) -> ClockRecord:
        """Return a test clock; raises `NotFound`."""
        ...

    async def clocks(self, org_id: str, paging: Paging) -> Page[ClockRecord]:
        """Return one part of the test clocks, the newest first."""
        ...

    async def advance_clock(self, org_id: str, clock_id: str, to: datetime) -> ClockRecord:
        """Move a test clock forward; raises `NotFound`, or `InvalidInput` for a moment before the clock's own."""
        ...


class Offers(Protocol):
    """Offers that support makes to customers; every method is one transaction. Unknown ids raise `NotFound`."""

    async def make(self, org_id: str, customer_id: str, new: NewOffer, change: ChangeContext) -> OfferRecord:
        """Make an offer that stays open until it is accepted, withdrawn or expires.

        Raises `Refused` where the customer pays for a plan already, or has an open offer for the tier.
        """
        ...

    async def amend(
        self, org_id: str, customer_id: str, offer_id: str, wanted: OfferChange, change: ChangeContext
    ) -> OfferRecord:
        """Change an open offer; raises `Refused` for one that is over, and where the rules refuse what it becomes."""
        ...

    async def withdraw(self, org_id: str, customer_id: str, offer_id: str, change: ChangeContext) -> OfferRecord:
        """Take an open offer back; again is no news. Raises `Refused` for one that was accepted."""
        ...

    async def offers(self, org_id: str, customer_id: str, at: datetime) -> tuple[OfferRecord, ...]:
        """Return what was offered to a customer, the newest first, as it stands at *at*."""
        ...

    async def offer(self, org_id: str, offer_id: str, at: datetime) -> OfferRecord:
        """Return one offer as it stands at *at*."""
        ...

    async def expire(self, org_id: str, at: datetime) -> bool:
        """Note that offers whose time is over by *at* have expired, some at a time; tell whether more may be left.

        Customers on a test clock live in a time of their own and are left alone.
        """
        ...

    async def replaced_plan(self, org_id: str, customer_id: str, offer_id: str) -> PlanState | None:
        """Return the plan that costs nothing and an offer takes the place of, or took; None where there is none."""
        ...

    async def waiting_purchase(self, org_id: str, offer_id: str) -> PlanState | None:
        """Return the plan that waits for the payment of an accepted offer, None where there is none."""
        ...
